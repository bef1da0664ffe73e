import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Readable, Writable } from "node:stream";
import type { ByteRange } from "./ranges.ts";

/** Why nothing was kept. `short` and `long`: the body had another length than announced. */
export type VaultErrorKind = "full" | "busy" | "short" | "long";

export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly kind: VaultErrorKind;

  constructor(kind: VaultErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** No room on the device, over the quota of the user, or over the limit of the process. */
const fullCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const chunkBytes = 1024 ** 2;

/**
 * Files in a folder, under unguessable names in two levels of folders. A file is there whole or not at all: it is written
 * to a place of its own first.
 */
export class Vault {
  readonly #folder: string;
  readonly #incoming: string;
  #ready: Promise<void> | undefined;

  /** @param folder of one process at a time; made with the first file */
  constructor(folder: string) {
    this.#folder = folder;
    this.#incoming = join(folder, "incoming");
  }

  /**
   * Makes the folder where it is missing; what a crash left half-written there goes. Once, before anything is written; tried
   * again after a failure. @throws VaultError
   */
  open(): Promise<void> {
    this.#ready ??= this.#prepare().catch((error) => {
      this.#ready = undefined;
      throw explained(error);
    });
    return this.#ready;
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
    for (const left of await readdir(this.#incoming)) await rm(join(this.#incoming, left), { force: true });
  }

  /** Bytes that the device has left for this process. */
  async space(): Promise<number> {
    await this.open();
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /**
   * Writes a body of exactly `size` bytes to disk; resolves with its SHA-256. It is not there before `publish`.
   * The body is not destroyed. @throws VaultError, or what the body failed with
   */
  async receive(id: string, size: number, body: Readable): Promise<Uint8Array> {
    await this.open();
    const file = join(this.#incoming, id);
    let handle: FileHandle | undefined;
    try {
      handle = await open(file, "wx", 0o600);
      const receiver = new Receiver(handle, size);
      await piped(body, receiver);
      await handle.sync();
      await handle.close();
      return receiver.digest;
    } catch (error) {
      await handle?.close().catch(() => {}); // the first error counts
      if (handle !== undefined) await rm(file, { force: true });
      throw explained(error);
    }
  }

  /** Puts what was received in its place. */
  async publish(id: string): Promise<void> {
    const place = this.#place(id);
    try {
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await rename(join(this.#incoming, id), place);
    } catch (error) {
      throw explained(error);
    }
    await synced(dirname(place));
  }

  /** Forgets what was received and not published. */
  async discard(id: string): Promise<void> {
    await rm(join(this.#incoming, id), { force: true });
  }

  /** The content, or a part of it; undefined if it is not there. The stream closes the file. */
  async read(id: string, range?: ByteRange): Promise<Readable | undefined> {
    try {
      const handle = await open(this.#place(id), "r");
      return handle.createReadStream({
        highWaterMark: 256 * 1024,
        ...(range ? { start: range.first, end: range.last } : {}),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Also fine if it is not there. */
  async remove(id: string): Promise<void> {
    await rm(this.#place(id), { force: true });
  }

  /** @param id made by this server: hexadecimal digits */
  #place(id: string): string {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Error("not the name of a file");
    return join(this.#folder, id.slice(0, 2), id.slice(2, 4), id);
  }
}

/** Writes, counts and hashes; several chunks at once where they have come while others were written. */
class Receiver extends Writable {
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  #missing: number;
  #digest: Uint8Array | undefined;

  constructor(handle: FileHandle, size: number) {
    super({ highWaterMark: chunkBytes });
    this.#handle = handle;
    this.#missing = size;
  }

  /** Once it has finished. */
  get digest(): Uint8Array {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#write([chunk]).then(() => done(), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#write(chunks.map(({ chunk }) => chunk)).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    done(this.#missing === 0 ? null : new VaultError("short", "the body ended early"));
  }

  async #write(chunks: Buffer[]): Promise<void> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#missing -= length;
    if (this.#missing < 0) throw new VaultError("long", "the body goes on after its end");
    for (const chunk of chunks) this.#hash.update(chunk);
    const { bytesWritten } = await this.#handle.writev(chunks);
    // A device that is nearly full takes a part; the next attempt says why.
    if (bytesWritten < length) await this.#rest(chunks, bytesWritten);
  }

  async #rest(chunks: readonly Buffer[], written: number): Promise<void> {
    const all = Buffer.concat(chunks).subarray(written);
    for (let at = 0; at < all.length; ) at += (await this.#handle.write(all, at)).bytesWritten;
  }
}

/** Resolves when all has been written. A body that breaks off fails what it was written to, and is itself left alone. */
function piped(body: Readable, receiver: Receiver): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const broken = () => receiver.destroy(new VaultError("short", "the connection broke"));
  const ended = () => body.off("close", broken);
  receiver.once("finish", resolve).once("error", reject);
  body.once("end", ended).once("close", broken).on("error", broken);
  if (body.destroyed) broken();
  else body.pipe(receiver);
  return promise.finally(() => {
    body.unpipe(receiver);
    body.off("end", ended).off("close", broken);
  });
}

/** A new name in a folder is on disk when the folder is. */
async function synced(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explained(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EEXIST") return new VaultError("busy", "it is being written", { cause: error });
  if (code !== undefined && fullCodes.has(code)) return new VaultError("full", "no room on disk", { cause: error });
  return error;
}
