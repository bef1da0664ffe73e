import type { Memory } from "#core/handover.ts";
import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { type Fact, fact, type LocalSession, type Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { iq, Stanza } from "#stanza/stanza.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { infoQuery } from "./description.ts";
import { isSupported, provenFeatures } from "./verification.ts";

/** The namespace of Entity Capabilities (XEP-0115). */
export const caps = "http://jabber.org/protocol/caps";
/** What a client announces of its capabilities, in its presence. */
export const c: Tag = tag(caps, "c");

/** Most sets of features that are remembered; a few hundred are in use at any time. */
const mostKnown = 1000;
/** Sessions that are asked about one announcement before it is given up: the answers may be false. */
const mostTries = 5;
/** How long a client may take to answer, in milliseconds: others may be waiting. */
const patience = 15_000;
/** The longest `hash`, `node` and `ver` that are looked at. */
const longest = 256;

/** What a session announced last: its hash and `ver`, or "". */
const announced: Fact<string> = fact<string>("caps", "");

/** The features of a local session have become known, or are others than before. */
export const learned: Hook<{ readonly session: LocalSession; readonly features: ReadonlySet<string> }> =
  hook("capabilities learned");

interface Announcement {
  readonly hash: string;
  readonly ver: string;
  readonly node: string;
  /** What the set of features is remembered by. */
  readonly key: string;
}

/**
 * What clients can do (XEP-0115 §5.4): each announcement is asked about once, of one of the clients that make it, and
 * believed if its hash proves it. Nothing here waits, and presence goes on meanwhile.
 */
export class Capabilities {
  readonly #host: Host;
  /** By announcement, the least recently used first. */
  readonly #known = new Map<string, ReadonlySet<string>>();
  /** Sessions that wait for an answer about the same announcement, the first of them being asked. */
  readonly #waiting = new Map<string, LocalSession[]>();
  /** What local sessions can, so that nobody who fills the table above takes it from them. */
  readonly #learned = new WeakMap<Session, ReadonlySet<string>>();
  /** What sessions of the process before can, by their features. */
  readonly #recalled = new Map<string, ReadonlySet<string>>();
  /** Sessions that are being asked, one question at a time, with what they have announced meanwhile. */
  readonly #asked = new Map<Session, Announcement | undefined>();

  /** Questions under way to clients on other servers, by announcement. */
  readonly #elsewhere = new Map<string, Promise<unknown>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** What the client of a session can; undefined while it is unknown. */
  featuresOf(session: Session): ReadonlySet<string> | undefined {
    return this.#learned.get(session) ?? this.#recall(session.get(announced));
  }

  /** What a presence announces, where that is known already. */
  announcedIn(presence: Element): ReadonlySet<string> | undefined {
    const found = read(presence.child(c));
    return found && this.#recall(found.key);
  }

  /** What a client on another server can, by its presence; undefined where that is not to be known. */
  async announcedBy(client: Jid, presence: Element): Promise<ReadonlySet<string> | undefined> {
    const found = read(presence.child(c));
    if (found === undefined) return undefined;
    const announcement = copied(found);
    // Another is being asked: its answer counts if it is proven for all. Its silence says nothing of this client.
    await this.#elsewhere.get(announcement.key);
    return this.#recall(announcement.key) ?? this.#askElsewhere(client, announcement);
  }

  /** Takes note of the presence that a session broadcasts. */
  note(session: LocalSession, presence: Element): void {
    const found = read(presence.child(c));
    if (found === undefined || found.key === session.get(announced)) return;
    const announcement = copied(found);
    session.set(announced, announcement.key);
    this.#learned.delete(session);
    if (this.#asked.has(session)) return void this.#asked.set(session, announcement);
    this.#learn(session, announcement);
  }

  /** What a session that goes on in the next process can. */
  remember(session: LocalSession, memory: Memory): void {
    const features = this.featuresOf(session);
    if (features !== undefined) memory.features = [...features];
  }

  /** It need not be asked again. Sessions that can the same share one set. */
  recall(session: LocalSession, { features }: Readonly<Memory>): void {
    if (!Array.isArray(features)) return;
    const content = features.join(" ");
    const set = this.#recalled.get(content) ?? new Set(features.map(String));
    this.#recalled.set(content, set);
    this.#learned.set(session, set);
  }

  #recall(key: string): ReadonlySet<string> | undefined {
    const features = this.#known.get(key);
    if (features === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, features);
    return features;
  }

  #learn(session: LocalSession, announcement: Announcement): void {
    const features = this.#recall(announcement.key);
    const waiting = this.#waiting.get(announcement.key);
    if (features) this.#tell(session, features);
    else if (waiting) waiting.push(session);
    else this.#ask(session, announcement);
  }

  #ask(session: LocalSession, announcement: Announcement): void {
    this.#waiting.set(announcement.key, [session]);
    background(this.#host.log, this.#askInTurn(announcement), "capabilities not learned");
  }

  /** Asks one session after the other until one answers truly. */
  async #askInTurn(announcement: Announcement): Promise<void> {
    const { key } = announcement;
    const waiting = this.#waiting.get(key) ?? [];
    for (let tries = 0; tries < waiting.length && tries < mostTries; tries++) {
      const session = waiting[tries]!;
      if (session.get(announced) !== key) continue;
      const proof = await this.#proofFrom(session, announcement);
      if (proof === undefined || session.get(announced) !== key) continue;
      if (proof.shared) {
        this.#remember(key, proof.features);
        break;
      }
      this.#tell(session, proof.features);
    }
    this.#waiting.delete(key);
    const features = this.#known.get(key);
    if (features === undefined) return;
    for (const session of waiting) {
      if (session.get(announced) === key && !this.#learned.has(session)) this.#tell(session, features);
    }
  }

  async #proofFrom(session: LocalSession, announcement: Announcement) {
    this.#asked.set(session, undefined);
    try {
      return await this.#proof(session.jid, announcement);
    } finally {
      const next = this.#asked.get(session);
      this.#asked.delete(session);
      if (next) this.#learn(session, next);
    }
  }

  async #askElsewhere(client: Jid, announcement: Announcement): Promise<ReadonlySet<string> | undefined> {
    const { key } = announcement;
    const asked = this.#proof(client, announcement);
    this.#elsewhere.set(key, asked);
    try {
      const proof = await asked;
      if (proof?.shared) this.#remember(key, proof.features);
      return proof?.features;
    } finally {
      if (this.#elsewhere.get(key) === asked) this.#elsewhere.delete(key);
    }
  }

  /** What a client says that it can, where its announcement does not contradict it. */
  async #proof(client: Jid, { node, ver, hash }: Announcement) {
    const query = infoQuery({ node: `${node}#${ver}` }); // §6.2
    try {
      const question = Stanza.of("iq", iq({ type: "get" }, query), this.#host.jid, client);
      const answer = (await this.#host.ask(question, { timeoutMs: patience })).payload;
      // Compact: the features outlive the stanza.
      return answer?.is(infoQuery) ? provenFeatures(answer.compact(), hash, ver) : undefined;
    } catch (problem) {
      if (problem instanceof StanzaError) return undefined;
      throw problem;
    }
  }

  #remember(key: string, features: ReadonlySet<string>): void {
    this.#known.set(key, features);
    if (this.#known.size <= mostKnown) return;
    const oldest = this.#known.keys().next().value;
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  #tell(session: LocalSession, features: ReadonlySet<string>): void {
    this.#learned.set(session, features);
    if (!this.#host.has(learned)) return;
    background(this.#host.log, (async () => void (await this.#host.fire(learned, { session, features })))());
  }
}

/** Without `hash` it is the legacy format, which proves nothing (§13). */
function read(element: Element | undefined): Announcement | undefined {
  const { hash, node, ver } = element?.attrs ?? {};
  if (hash === undefined || node === undefined || ver === undefined) return undefined;
  if (hash.length > longest || node.length > longest || ver.length > longest) return undefined;
  // An unknown hash proves nothing for others (§5.4): its announcements are told apart by their node too.
  return { hash, node, ver, key: isSupported(hash) ? `${hash} ${ver}` : `${hash} ${ver} ${node}` };
}

/** Texts that keep no larger buffer alive. */
function copied({ hash, node, ver, key }: Announcement): Announcement {
  return { hash: copy(hash), node: copy(node), ver: copy(ver), key: copy(key) };
}

function copy(text: string): string {
  return Buffer.from(text).toString();
}
