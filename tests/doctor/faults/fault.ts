import type { TestContext } from "node:test";
import type { Laboratory } from "../laboratory.ts";

/** A broken set-up, and what is to be found in it: that, and nothing else. */
export interface Fault {
  /** The id of the finding. */
  readonly finds: string;
  /** What is wrong, in a few words. */
  readonly set: string;
  /** Part of what is said. */
  readonly says: RegExp;
  /** A part of the fix, of a command or of a line of the zone. */
  readonly fix: string;
  /** What cannot be avoided beside it. */
  readonly also?: readonly string[];
  /** Whether the service runs meanwhile. */
  readonly runs?: boolean;
  /** Whether `break` writes the configuration file itself. */
  readonly ownFile?: boolean;
  break(laboratory: Laboratory, context: TestContext): Promise<void> | void;
}
