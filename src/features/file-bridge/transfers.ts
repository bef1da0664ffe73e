import type { LocalSession } from "#core/session.ts";
import { FileError, type Files, refusal } from "#features/http-upload/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { OfferedFile } from "./offer.ts";
import type { BridgeSettings } from "./settings.ts";
import { busy, tooLarge, tooMany, twice } from "./texts.ts";
import { incomplete, type Outcomes, type Parties, Transfer } from "./transfer.ts";

/** How often it is looked for what has been abandoned, at most; milliseconds. */
const longestSweep = 5_000;

/** The files that are on their way to the server. */
export class Transfers {
  readonly #settings: BridgeSettings;
  readonly #files: () => Files | undefined;
  readonly #all = new Map<string, Transfer>();
  /** Accounts whose offers are being looked at: the room for them is not known yet. */
  readonly #asking = new Map<string, string>();
  readonly #sweep: NodeJS.Timeout;

  constructor(settings: BridgeSettings, files: () => Files | undefined) {
    this.#settings = settings;
    this.#files = files;
    const period = Math.min(settings["waiting-time"], settings.idle, longestSweep);
    this.#sweep = setInterval(() => this.#lookOver(), Math.max(20, period)).unref();
  }

  get size(): number {
    return this.#all.size;
  }

  /** The transfer of a stream between two. */
  find(requester: Jid, target: Jid, sid: string): Transfer | undefined {
    return this.#all.get(keyOf(requester, target, sid));
  }

  /**
   * Takes an offer on: there is room for the file, and its sender may.
   * @throws StanzaError `not-acceptable`, `resource-constraint`, `conflict`
   */
  async add(parties: Parties, sid: string, file: OfferedFile, outcomes: Outcomes): Promise<Transfer> {
    const account = parties.session.jid.bare.toString();
    const key = keyOf(parties.session.jid, parties.target, sid);
    this.#check(account, key, file);
    this.#asking.set(key, account);
    try {
      return await this.#reserve(parties, sid, file, outcomes);
    } finally {
      this.#asking.delete(key);
    }
  }

  /** The same file comes by another stream. False: that one is taken. */
  move(transfer: Transfer, sid: string): boolean {
    const { session, target } = transfer.parties;
    const key = keyOf(session.jid, target, sid);
    if (this.#all.has(key) || this.#asking.has(key)) return this.#all.get(key) === transfer;
    this.remove(transfer);
    transfer.sid = sid;
    this.#all.set(key, transfer);
    return true;
  }

  /** It is over, and forgotten. */
  remove(transfer: Transfer): void {
    const { session, target } = transfer.parties;
    this.#all.delete(keyOf(session.jid, target, transfer.sid));
  }

  /** A session is over: what it was sending ends, too. */
  end(session: LocalSession): void {
    for (const transfer of this.#all.values()) {
      if (transfer.parties.session === session) transfer.fail(incomplete());
    }
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const transfer of this.#all.values()) transfer.fail(incomplete());
    this.#all.clear();
  }

  async #reserve(parties: Parties, sid: string, file: OfferedFile, outcomes: Outcomes): Promise<Transfer> {
    const files = this.#files();
    if (files === undefined) throw new StanzaError("service-unavailable");
    const { name, size, type } = file;
    try {
      const slot = await files.reserve({
        account: parties.session.jid.bare.toString(),
        name,
        size,
        type: readable(type),
      });
      const transfer = new Transfer({ parties, sid, file, slot, files, outcomes });
      this.#all.set(keyOf(parties.session.jid, parties.target, sid), transfer);
      return transfer;
    } catch (problem) {
      if (!(problem instanceof FileError)) throw problem;
      throw refusal(problem.reason, { largest: files.largest, retry: problem.retry });
    }
  }

  /** @throws StanzaError */
  #check(account: string, key: string, { size }: OfferedFile): void {
    const { size: largest, transfers, "transfers-per-account": each } = this.#settings;
    if (size > largest) throw new StanzaError("not-acceptable", tooLarge);
    if (this.#all.has(key) || this.#asking.has(key)) throw new StanzaError("conflict", twice);
    const own =
      [...this.#all.values()].filter(({ parties }) => parties.session.jid.bare.toString() === account).length +
      [...this.#asking.values()].filter((one) => one === account).length;
    if (own >= each) throw new StanzaError("resource-constraint", tooMany);
    if (this.#all.size + this.#asking.size >= transfers) throw new StanzaError("resource-constraint", busy);
  }

  #lookOver(): void {
    const now = performance.now();
    for (const transfer of this.#all.values()) {
      const patience = transfer.hasBegun ? this.#settings.idle : this.#settings["waiting-time"];
      if (now - transfer.heard > patience) transfer.fail(incomplete());
    }
  }
}

function keyOf(requester: Jid, target: Jid, sid: string): string {
  return `${requester} ${target} ${sid}`;
}

/** What is no media type is unknown. */
function readable(type: string): string {
  return /^[\w!#$&^.+-]{1,63}\/[\w!#$&^.+-]{1,63}$/.test(type) ? type.toLowerCase() : "";
}
