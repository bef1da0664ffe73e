import { z } from "zod";
import { CommandError, command } from "./command.ts";

/** How the service is. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly domains: readonly { readonly name: string; readonly sessions: number }[];
  readonly listeners: readonly {
    readonly protocol: string;
    readonly address: string;
    readonly port: number;
    readonly tls: string;
    readonly connections: number;
    readonly refused: number;
  }[];
  /** Listeners for HTTP. */
  readonly http: readonly {
    readonly address: string;
    readonly port: number;
    readonly tls: boolean;
    readonly connections: number;
    readonly refused: number;
  }[];
  readonly certificates: readonly {
    readonly domain: string;
    readonly daysLeft: number;
    readonly warnings: readonly string[];
  }[];
  /** Resident memory, bytes. */
  readonly memory: number;
  readonly counters: Readonly<Record<string, number>>;
}

export const status = command({
  name: "status",
  summary: "Says whether the service runs, since when, who is connected, and what it has counted.",
  changes: false,
  arguments: z.strictObject({}),
  async run({ running }) {
    if (running === undefined) throw new CommandError("not-running", "the service is not running");
    return running.status();
  },
});
