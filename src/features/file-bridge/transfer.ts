import type { LocalSession } from "#core/session.ts";
import { FileError, type Files, type StoredFile } from "#features/http-upload/index.ts";
import type { Jid } from "#jid/jid.ts";
import { Intake } from "./intake.ts";
import type { OfferedFile } from "./offer.ts";

/** Why the server takes a file in somebody's place; `person`: they have no client that it could go to, or it is not told why. */
export type Reason = "away" | "unable" | "person" | "room";

/** Who sends a file, and to whom. */
export interface Parties {
  /** The sender's; its address is the requester of the stream. */
  readonly session: LocalSession;
  /** As it was addressed: a client, a person, a room, or somebody in a room. */
  readonly target: Jid;
  /** Where the message with the link goes. */
  readonly recipient: Jid;
  readonly reason: Reason;
}

/** The room for a file, which was checked when it was offered. */
export type Slot = Awaited<ReturnType<Files["reserve"]>>;

/** What becomes of a transfer, told once. */
export interface Outcomes {
  /** It is on disk, and the message with its link has been sent. */
  stored(transfer: Transfer, file: StoredFile): void;
  failed(transfer: Transfer, problem: unknown): void;
}

interface TransferParts {
  readonly parties: Parties;
  readonly sid: string;
  readonly file: OfferedFile;
  readonly slot: Slot;
  readonly files: Files;
  readonly outcomes: Outcomes;
}

/** A file on its way to the server, from its offer to its end. */
export class Transfer {
  readonly parties: Parties;
  /** The name of the stream. */
  sid: string;
  readonly file: OfferedFile;
  readonly #parts: TransferParts;
  #intake: Intake | undefined;
  #stored: Promise<boolean> | undefined;
  #over = false;
  /** When something was heard of it last; milliseconds, monotonic. */
  heard = performance.now();
  /** Ends what carries its bytes. */
  cut: (() => void) | undefined;

  constructor(parts: TransferParts) {
    this.parties = parts.parties;
    this.sid = parts.sid;
    this.file = parts.file;
    this.#parts = parts;
  }

  /** Whether its first byte has come. */
  get hasBegun(): boolean {
    return this.#intake !== undefined;
  }

  /** Whether all of it has come: nothing stops it any more but the disk. */
  get isWhole(): boolean {
    return this.#intake?.isWhole === true;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** The next bytes, which must not change any more. False: wait for `taken` before more. */
  write(bytes: Uint8Array): boolean {
    this.heard = performance.now();
    if (this.#over) return true;
    const intake = this.#begun();
    const more = intake.write(bytes);
    if (intake.isBroken) this.#fail(incomplete());
    return more;
  }

  taken(): Promise<void> {
    return this.#intake?.taken() ?? Promise.resolve();
  }

  /** Settles when the file is on disk: whether it is. */
  get stored(): Promise<boolean> {
    return this.#stored ?? Promise.resolve(false);
  }

  /** Gives it up, unless all of it has come. */
  fail(problem: unknown): void {
    if (this.#over || this.isWhole) return;
    this.#fail(problem);
  }

  #begun(): Intake {
    if (this.#intake !== undefined) return this.#intake;
    const { files, slot, file } = this.#parts;
    const intake = new Intake(file.size, file.checksum);
    this.#intake = intake;
    this.#stored = files.put(slot, intake.body).then(
      (stored) => this.#finish(stored),
      (problem) => this.#fail(problem),
    );
    return intake;
  }

  #finish(stored: StoredFile): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#parts.outcomes.stored(this, stored);
    return true;
  }

  #fail(problem: unknown): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#intake?.abort();
    this.cut?.();
    this.#parts.files.release(this.#parts.slot);
    this.#parts.outcomes.failed(this, problem);
    return false;
  }
}

/** What did not come, or not whole. */
export function incomplete(): FileError {
  return new FileError("incomplete");
}
