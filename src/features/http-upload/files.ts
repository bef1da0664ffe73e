import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "#core/log.ts";
import { FileError, refusalOf } from "./file-error.ts";
import { encodeName, readType, safeName, unknownType } from "./names.ts";
import { PendingUploads, SpentSlots } from "./pending.ts";
import type { Quotas } from "./quotas.ts";
import type { ByteRange } from "./ranges.ts";
import type { Signatures, Slot } from "./slots.ts";
import type { FileTable, Page, StoredFile, Usage } from "./store.ts";
import type { Vault } from "./vault.ts";

/** What somebody wants to upload. */
export interface Upload {
  /** The bare address of its owner. */
  readonly account: string;
  /** As its owner calls it; made safe here. */
  readonly name: string;
  /** In bytes; exactly. */
  readonly size: number;
  /** Media type; unknown if left out. */
  readonly type?: string | undefined;
  /** When it has to go at the latest. */
  readonly until?: Date | undefined;
}

export interface FilesOptions {
  readonly vault: Vault;
  readonly table: FileTable;
  readonly signatures: Signatures;
  readonly quotas: Quotas;
  readonly limits: {
    readonly size: number;
    readonly pending: number;
    readonly reserve: number;
    readonly slotMs: number;
    readonly keepMs: number;
  };
  /** Whether somebody has this account, a bare address, and may use it; of others than ours nobody knows better. */
  readonly exists: (account: string) => Promise<boolean> | boolean;
  /** Where files are reached under a domain or alias, with a slash at the end; undefined: nowhere. */
  readonly base: (face: string) => string | undefined;
  /** The domains and aliases. */
  readonly names: () => readonly string[];
  readonly log: Logger;
}

const sweepAtOnce = 100;
/** Between two batches, for others who want to read and write. */
const breathMs = 20;
/** The last one that a Date can be. */
const lastMoment = 8.64e15;
/** When to come back while the disk is full. */
const roomAgainMs = 10 * 60_000;

/** The files of everybody: slots for them, their content, their ends. There is one for all domains. */
export class Files {
  readonly #options: FilesOptions;
  readonly #pending = new PendingUploads();
  readonly #spent = new SpentSlots();
  /** Files that get their row and their place just now: who deletes one waits for both. */
  readonly #placing = new Map<string, Promise<void>>();

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** Bytes of the largest file. */
  get largest(): number {
    return this.#options.limits.size;
  }

  get keepMs(): number {
    return this.#options.limits.keepMs;
  }

  /** Leave to upload, for a while. @throws FileError */
  async reserve({ account, name, size, type = "", until }: Upload): Promise<Slot> {
    const id = randomBytes(16).toString("hex");
    const expires = Date.now() + this.#options.limits.slotMs;
    await this.#admit(id, { account, size, expires });
    return { id, account, name: safeName(name), size, type, expires, until: until?.getTime() ?? 0 };
  }

  /** A slot that will not be used: its room is free again. */
  release({ id }: Slot): void {
    this.#pending.remove(id);
  }

  /**
   * Takes the body of a slot. Resolves when the file is on disk and can be had. The body is not destroyed.
   * @param type what the uploader says it is, where the slot does not
   * @throws FileError
   */
  async put(slot: Slot, body: Readable, type = slot.type): Promise<StoredFile> {
    const { id, account, size } = slot;
    if (this.#spent.has(id) || (await this.#options.table.find(id)) !== undefined) throw new FileError("taken");
    // Else it was asked for before a restart, or the account is gone.
    const known = this.#pending.begin(id);
    if (!known) {
      if (!(await this.#options.exists(account))) throw new FileError("no-account");
      await this.#admit(id, { account, size, expires: Number.POSITIVE_INFINITY });
    }
    try {
      const file = await this.#keep({ ...slot, type: type === "" ? unknownType : type }, body);
      this.#spent.add(id, slot.expires);
      this.#pending.remove(id);
      return file;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal?.reason === "no-room") this.#options.log.warn("an upload failed: the disk is full", { size });
      if (!known) this.#pending.remove(id);
      // Who failed may try again as long as the slot is good; whoever was first goes on.
      else if (refusal?.reason !== "taken") this.#pending.end(id, slot.expires);
      throw refusal ?? error;
    }
  }

  /**
   * Keeps a file that the server has got by other ways, such as a transfer between clients. The body is not destroyed.
   * @throws FileError
   */
  async store(upload: Upload, body: Readable): Promise<StoredFile> {
    const slot = await this.reserve({ ...upload, type: readType(upload.type ?? "") ?? unknownType });
    try {
      return await this.put(slot, body);
    } finally {
      this.#pending.remove(slot.id);
    }
  }

  /** Whether there is a way to files under this domain or alias. */
  reachable(face: string): boolean {
    return this.#options.base(face) !== undefined;
  }

  /** The address of a file for those who know us under this domain or alias; undefined where there is no way to it. */
  link({ id, name }: Pick<StoredFile, "id" | "name">, face: string): string | undefined {
    const base = this.#options.base(face);
    return base === undefined ? undefined : `${base}${id}/${encodeName(name)}`;
  }

  /** Where to upload. */
  uploadLink(slot: Slot, face: string): string | undefined {
    const link = this.link(slot, face);
    return link === undefined ? undefined : `${link}?slot=${this.#options.signatures.sign(slot)}`;
  }

  /** The file that an address of ours leads to, under any of our names; undefined if there is none. */
  async linked(url: string): Promise<StoredFile | undefined> {
    const [, id] = /\/([0-9a-f]{32})\/[^/]*$/.exec(url) ?? [];
    const file = id === undefined ? undefined : await this.find(id);
    if (file === undefined) return undefined;
    return this.#options.names().some((name) => this.link(file, name) === url) ? file : undefined;
  }

  /** A file that is there, and may still be. */
  async find(id: string): Promise<StoredFile | undefined> {
    const file = await this.#options.table.find(id);
    return file === undefined || this.ends(file) <= Date.now() ? undefined : file;
  }

  /** Its content, or a part of it; undefined if that is gone. Whoever gets the stream destroys it, or reads to its end. */
  read(id: string, range?: ByteRange): Promise<Readable | undefined> {
    return this.#options.vault.read(id, range);
  }

  /** When it goes by itself: milliseconds since the epoch. */
  ends({ created, until }: Pick<StoredFile, "created" | "until">): number {
    return Math.min(created + this.keepMs, until ?? lastMoment, lastMoment);
  }

  /** Files by their ids, of one account or of all. */
  page(page: Page & { readonly account?: string | undefined }) {
    return this.#options.table.page(page);
  }

  /** What the files of one account take, or of all, with the accounts that have most. */
  async usage(limit: number, account?: string): Promise<{ files: number; bytes: number; accounts: Usage[] }> {
    const { table } = this.#options;
    return { ...(await table.total(account)), accounts: account === undefined ? await table.usage(limit) : [] };
  }

  /** Deletes a file; false if there was none. */
  async remove(id: string): Promise<boolean> {
    await this.#placing.get(id)?.catch(() => {}); // whoever places it hears of that
    await this.#options.vault.remove(id); // first: a row without a file is found again, a file without a row is not
    return this.#options.table.remove(id);
  }

  /** Deletes the file of a slot for who has the slot; false if there is none. @throws FileError */
  async withdraw({ id, account }: Slot): Promise<boolean> {
    if (!(await this.#options.exists(account))) throw new FileError("no-account");
    return this.remove(id);
  }

  /** Nothing that an account was about to upload, or is uploading, is kept. */
  revoke(account: string): void {
    this.#pending.forget(account);
  }

  /** Deletes all files of an account, and what it was about to upload. Resolves with their number. */
  async forget(account: string): Promise<number> {
    this.revoke(account);
    let count = 0;
    for (;;) {
      const files = await this.#options.table.oldest(account, sweepAtOnce);
      if (files.length === 0) return count;
      for (const { id } of files) if (await this.remove(id)) count++;
    }
  }

  /** Deletes what is too old, a little at a time. What cannot be deleted stays until the next time. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { table, log } = this.#options;
    const now = Date.now();
    this.#spent.sweep(now);
    let count = 0;
    let after = "";
    while (!signal.aborted) {
      const files = await table.due(now - this.keepMs, now, { after, limit: sweepAtOnce });
      for (const { id } of files) if (await this.#swept(id)) count++;
      if (files.length < sweepAtOnce) break;
      after = files.at(-1)!.id;
      await pause(breathMs, undefined, { ref: false });
    }
    if (count > 0) log.info("old files deleted", { count });
  }

  async #swept(id: string): Promise<boolean> {
    try {
      return await this.remove(id);
    } catch (problem) {
      this.#options.log.error("an old file could not be deleted", { cause: problem });
      return false;
    }
  }

  /** Counts an upload in if there is room for it. @throws FileError */
  async #admit(id: string, upload: { account: string; size: number; expires: number }): Promise<void> {
    const { limits, quotas, table, vault } = this.#options;
    const { account, size } = upload;
    if (size > limits.size) throw new FileError("too-large");
    this.#pending.add(id, upload); // first, so that two at once do not both fit
    try {
      const now = Date.now();
      const own = this.#pending.sum(now, account);
      if (own.count > limits.pending) throw new FileError("pending", moment(own.first));
      const over = (await table.used(account)) + own.bytes - (await quotas.of(account));
      if (over > 0) throw new FileError("quota", await this.#roomAgain(account, over));
      const rest = (await vault.space()) - this.#pending.sum(now).bytes;
      if (rest < limits.reserve) {
        this.#options.log.warn("an upload was refused: the disk is full", { rest, reserve: limits.reserve });
        throw new FileError("no-room", moment(now + roomAgainMs));
      }
    } catch (error) {
      this.#pending.remove(id);
      throw error;
    }
  }

  /** When so many bytes of an account will have gone by themselves; undefined if they will not. */
  async #roomAgain(account: string, bytes: number): Promise<Date | undefined> {
    let rest = bytes;
    const files = await this.#options.table.oldest(account, 1000);
    for (const file of files) {
      rest -= file.size;
      if (rest <= 0) return moment(this.ends(file));
    }
    return undefined;
  }

  async #keep(slot: Slot, body: Readable): Promise<StoredFile> {
    const { id, account, name, size, type, until } = slot;
    const sha256 = await this.#options.vault.receive(id, size, body);
    const file = { id, account, name, type, size, sha256, created: Date.now(), until: until === 0 ? null : until };
    const placed = this.#place(file);
    this.#placing.set(id, placed);
    await placed.finally(() => this.#placing.delete(id));
    return file;
  }

  /** All of it has come. */
  async #place(file: StoredFile): Promise<void> {
    const { vault, table } = this.#options;
    const { id } = file;
    try {
      if (!this.#pending.has(id)) throw new FileError("no-account"); // it was deleted meanwhile
      await table.add(file); // first, as in `remove`
    } catch (error) {
      await vault.discard(id);
      throw error;
    }
    try {
      await vault.publish(id);
    } catch (error) {
      await vault.discard(id);
      await vault.remove(id); // it may have come as far as its place
      await table.remove(id);
      throw error;
    }
  }
}

function moment(time: number): Date | undefined {
  return Number.isFinite(time) ? new Date(time) : undefined;
}
