import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Text } from "#stanza/text.ts";
import { CommandError } from "../admin/command.ts";
import type { Status } from "../admin/status.ts";
import { ask } from "../control/client.ts";
import { InUseError, takeFolder } from "../instance.ts";
import type { Check, Context, ServiceState } from "./check.ts";
import { type Finding, found, type Kind } from "./finding.ts";
import type { System } from "./system.ts";

/** A finding and the check that made it. */
export interface Found extends Finding {
  readonly check: string;
  readonly title: Text;
}

/** What may be found whatever is checked. */
export const checkFailed: Kind = {
  id: "check-failed",
  severity: "warning",
  says: {
    en: "This could not be checked: {reason}.",
    fr: "Ceci n'a pas pu être vérifié : {reason}.",
  },
  fix: {
    en: "Run the command as the user that runs the service. If that is so already, the reason says what is missing.",
    fr: "Lancez la commande avec le compte qui fait tourner le service. Si c'est déjà le cas, la raison dit ce qui manque.",
  },
};

/** Runs all checks. Nothing is changed, and nothing is found where all is well. */
export async function examine(checks: readonly Check[], context: Context): Promise<Found[]> {
  const all = await Promise.all(
    checks.map(async (check) => {
      const { name, title } = check;
      return (await findingsOf(check, context)).map((finding) => ({ check: name, title, ...finding }));
    }),
  );
  return all.flat();
}

/** What the system refuses to a check is a finding, too; bugs are not. */
async function findingsOf(check: Check, context: Context): Promise<Finding[]> {
  try {
    return await check.run(context);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof TypeError) throw error;
    return [found(checkFailed, { reason: message })];
  }
}

/** Whether all is well: hints do not count. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === "hint");
}

/** Asks the service of a data folder how it is. */
export async function serviceState(folder: string, system: System, timeoutMs: number): Promise<ServiceState> {
  try {
    const reply = await ask(folder, { command: "status", arguments: {} }, timeoutMs);
    if (reply !== undefined) return { state: "running", status: reply.result as Status };
  } catch (error) {
    if (error instanceof CommandError && error.code === "refused") return { state: "forbidden" };
    return { state: "stuck" };
  }
  return { state: isTaken(folder, system) ? "stuck" : "stopped" };
}

/** Whether a process has the folder; not tried where that could leave files of another owner. */
function isTaken(folder: string, system: System): boolean {
  if (!existsSync(join(folder, "instance.lock")) || system.ownerOf(folder) !== system.user) return false;
  try {
    takeFolder(folder, 0).release();
    return false;
  } catch (error) {
    return error instanceof InUseError;
  }
}
