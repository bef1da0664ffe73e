import { createHmac, randomBytes } from "node:crypto";
import { type Element, type Tag, tag } from "#xml/element.ts";
import type { Affiliation } from "./affiliations.ts";

export const mavNamespace = "urn:xmpp:muc:affiliations:1";
export const mav: Tag = tag(mavNamespace, "mav");

/** Changes that a room remembers: who knows an older version gets the whole list. */
const mostChanges = 1000;
const modulus = 1n << 96n;

/** A change of what somebody is to a room. */
export interface AffiliationChanged {
  readonly jid: string;
  readonly before: Affiliation;
}

interface Logged extends AffiliationChanged {
  /** Of the list before the change. */
  readonly since: string;
}

/**
 * The versions of a room's affiliations (XEP-0463). A version is a keyed sum over all of the list: it is the same after a
 * restart if the list is, and costs the same to bring up to date however long the list is. Nothing is computed before
 * somebody asks.
 */
export class AffiliationVersions {
  readonly #key: Uint8Array;
  readonly #all: () => Iterable<readonly [jid: string, affiliation: Affiliation]>;
  #sum: bigint | undefined;
  #changes: Logged[] = [];

  /** @param all everybody who is something to the room, by address */
  constructor(all: () => Iterable<readonly [string, Affiliation]>, key: Uint8Array = randomBytes(32)) {
    this.#all = all;
    this.#key = key;
  }

  get current(): string {
    if (this.#sum === undefined) {
      this.#sum = 0n;
      for (const [jid, affiliation] of this.#all()) this.#add(jid, affiliation, 1n);
    }
    return this.#sum.toString(36);
  }

  /** Somebody has become something else to the room. */
  note(jid: string, before: Affiliation, after: Affiliation): void {
    if (before === after || this.#sum === undefined) return;
    this.#changes.push({ since: this.current, jid, before });
    if (this.#changes.length >= 2 * mostChanges) this.#changes = this.#changes.slice(-mostChanges);
    this.#add(jid, before, -1n);
    this.#add(jid, after, 1n);
  }

  /** What has changed since a version, each person once, as they were then; undefined where it is not known. */
  since(version: string): readonly AffiliationChanged[] | undefined {
    if (version === this.current) return [];
    const at = this.#changes.findLastIndex(({ since }) => since === version);
    if (at < 0) return undefined;
    const found = new Map<string, AffiliationChanged>();
    for (const { jid, before } of this.#changes.slice(at)) if (!found.has(jid)) found.set(jid, { jid, before });
    return [...found.values()];
  }

  /** Between a version and now; undefined if nothing has changed. */
  from(since: string): Element | undefined {
    const until = this.current;
    return since === until ? undefined : mav({ since, until });
  }

  #add(jid: string, affiliation: Affiliation, sign: bigint): void {
    if (affiliation === "none") return;
    const digest = createHmac("sha256", this.#key).update(`${jid}\0${affiliation}`).digest("hex").slice(0, 24);
    const next = (this.#sum! + sign * BigInt(`0x${digest}`)) % modulus;
    this.#sum = next < 0n ? next + modulus : next;
  }
}
