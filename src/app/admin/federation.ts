import { z } from "zod";
import type { Correspondence } from "#core/federation.ts";
import { CommandError, command } from "./command.ts";

export const federationList = command({
  name: "federation list",
  summary: "Lists the domains that the service exchanges messages with, and those it cannot reach.",
  changes: false,
  arguments: z.strictObject({}),
  async run({ running }): Promise<readonly Correspondence[]> {
    if (running === undefined) throw new CommandError("not-running", "the service is not running");
    return running.federation();
  },
});
