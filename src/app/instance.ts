import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Another process has the data folder. */
export class InUseError extends Error {
  override readonly name = "InUseError";
}

/** The right to write in a data folder; released by `release`, or by the kernel when the process dies. */
export interface Instance {
  release(): void;
}

/**
 * Takes a data folder for this process alone, making it (0700) where it is not there. The lock is one that the kernel
 * keeps for SQLite: nothing stale is left by a process that was killed. Waits up to `waitMs` for a short-lived owner.
 * @throws InUseError if another process has it.
 */
export function takeFolder(folder: string, waitMs = 2000): Instance {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "instance.lock");
  const lock = new DatabaseSync(file, { timeout: waitMs });
  try {
    lock.exec("begin exclusive");
    chmodSync(file, 0o600);
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode !== 5) throw cause; // 5: SQLITE_BUSY
    throw new InUseError(`the data folder ${folder} is in use by another process`, { cause });
  }
  return { release: () => lock.close() };
}
