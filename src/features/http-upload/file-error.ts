import { DatabaseError } from "#core/database.ts";
import { VaultError } from "./vault.ts";

/** Why a file is not taken. */
export type FileRefusal = "too-large" | "quota" | "pending" | "no-room" | "taken" | "no-account" | "incomplete";

/** A file is not taken; `retry`: when it may be, where that can be said. */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly reason: FileRefusal;
  readonly retry: Date | undefined;

  constructor(reason: FileRefusal, retry?: Date, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
    this.retry = retry;
  }
}

/** What went wrong, as a refusal; undefined: a fault. */
export function refusalOf(error: unknown): FileError | undefined {
  if (error instanceof FileError) return error;
  if (error instanceof DatabaseError && error.kind === "constraint")
    return new FileError("taken", undefined, { cause: error });
  if (error instanceof DatabaseError && error.kind === "full")
    return new FileError("no-room", undefined, { cause: error });
  if (!(error instanceof VaultError)) return undefined;
  const reasons = { full: "no-room", busy: "taken", short: "incomplete", long: "incomplete" } as const;
  return new FileError(reasons[error.kind], undefined, { cause: error });
}
