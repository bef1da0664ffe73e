import { randomBytes } from "node:crypto";
import { Recent } from "#collections/recent.ts";
import { removing } from "#core/account.ts";
import { recipients, rescue } from "#core/delivery.ts";
import type { Feature } from "#core/feature.ts";
import { reviving, staying, suspending } from "#core/handover.ts";
import { handled } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { Negotiation } from "#core/negotiation.ts";
import { acknowledging, closed, type LocalSession, losing } from "#core/session.ts";
import { count, duration, section, size } from "#core/settings.ts";
import { mam } from "#features/mam/index.ts";
import { delayed, delayOf } from "#stanza/delay.ts";
import type { Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { Keeping } from "./keeping.ts";
import { type Keeper, type Kept, Managed, type Past } from "./managed.ts";
import { migrations, type StoredSession } from "./store.ts";
import * as tags from "./tags.ts";

const settings = section({
  resumable: duration(
    "10 minutes",
    "How long a client whose connection broke may come back as if nothing had happened.",
  ),
  unacknowledged: count(20_000, "Stanzas kept for a client until it acknowledges them; with more, its session ends."),
  "unacknowledged-size": size("8 MiB", "What those stanzas may hold together; with more, its session ends."),
  "answer-time": duration("1 minute", "How long a client may take to acknowledge; after that its connection is cut."),
});

type Settings = ReturnType<(typeof settings)["parse"]>;

/** How often clients that owe an acknowledgement are looked after, in milliseconds. */
const lookEvery = 1_000;
/** A connected client that has not answered for so long is thought to be away: what it has not got is written. In ms. */
const doubtfulAfter = 2_000;
/** After a restart clients have at least so long to come back, in milliseconds. */
const leastAfterRestart = 60_000;
/** Stanzas of a lost client that another one is given at once. */
const mostAtOnce = 100;
/** Requests of one client that may wait for the disk before nothing more is read from it. */
const mostAnswers = 100;

/**
 * Stream Management (XEP-0198): what is sent over a bad network arrives, and a broken connection is taken up again where
 * it broke.
 */
export const streamManagement: Feature<Settings> = {
  name: "stream-management",
  xeps: [{ number: 198, version: "1.6.3", note: "sessions survive a restart, too" }],
  settings,
  migrations,
  setup(host, values) {
    const manager = new StreamManager(host, values);
    host.stream({
      accepts: [tags.enable, tags.resume, tags.request, tags.answer],
      offer: (stream) => (stream.account === undefined ? undefined : tags.sm()),
      negotiate: (stream, request) => manager.take(stream, request),
    });
    host.on(losing, "record", (session) => (manager.lose(session) ? handled : undefined));
    host.on(closed, "record", (session) => manager.forget(session));
    host.on(staying, "record", (session) => (manager.resumes(session) ? handled : undefined));
    host.on(suspending, "record", () => manager.suspend());
    host.on(reviving, "record", () => manager.revive());
    host.on(removing, "record", ({ account }) => manager.keeping.forget(account));
  },
};

/** A client is expected back. */
interface Absence {
  readonly timer: NodeJS.Timeout;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

class StreamManager implements Keeper {
  readonly limit: Keeper["limit"];
  readonly keeping: Keeping;
  readonly #host: Host;
  readonly #settings: Settings;
  readonly #managed = new Map<LocalSession, Managed>();
  readonly #resumable = new Map<string, Managed>();
  readonly #absent = new Map<Managed, Absence>();
  /** What was handled of sessions that have ended (XEP-0198 §5: clients repeat the rest). */
  readonly #ended = new Recent<number>(1_000);
  /** Clients that owe an acknowledgement, or are to be asked for one. */
  readonly #owing = new Set<Managed>();
  #looking: NodeJS.Timeout | undefined;

  constructor(host: Host, settings: Settings) {
    this.#host = host;
    this.#settings = settings;
    this.limit = { stanzas: settings.unacknowledged, bytes: settings["unacknowledged-size"] };
    this.keeping = new Keeping(host);
    host.server.metrics.gauge("sessions_away", () => this.#absent.size);
  }

  take(stream: Negotiation, request: Element): void | Promise<void> {
    if (request.is(tags.enable)) return this.#enable(stream, request);
    if (request.is(tags.resume)) return this.#resume(stream, request);
    const managed = stream.session && this.#managed.get(stream.session);
    if (managed === undefined) return stream.send(tags.failure("unexpected-request"));
    if (request.is(tags.request)) return this.#acknowledge(managed);
    const handled = tags.readCount(request.attrs.h);
    if (handled === undefined) return stream.send(tags.failure("bad-request"));
    managed.acknowledge(handled);
    if (managed.onDisk && !managed.away) {
      background(this.#host.log, this.keeping.remove(managed), "the session of a client that answered not removed");
    }
  }

  #enable(stream: Negotiation, request: Element): void {
    const { session } = stream;
    // §3: after binding, and once
    if (session === undefined || this.#managed.has(session)) return stream.send(tags.failure("unexpected-request"));
    const wanted = request.attrs.resume === "true" || request.attrs.resume === "1";
    const id = wanted && this.#settings.resumable > 0 ? randomBytes(18).toString("base64url") : undefined;
    const max = id === undefined ? undefined : String(Math.round(this.#settings.resumable / 1000));
    stream.send(tags.enabled({ id, resume: id === undefined ? undefined : "true", max }));
    this.#manage(new Managed(session, this, id));
  }

  #manage(managed: Managed): Managed {
    this.#managed.set(managed.session, managed);
    if (managed.id !== undefined) this.#resumable.set(managed.id, managed);
    return managed;
  }

  #resume(stream: Negotiation, request: Element): void | Promise<void> {
    const { previd = "" } = request.attrs;
    const handled = tags.readCount(request.attrs.h);
    if (stream.session !== undefined) return stream.send(tags.failure("unexpected-request"));
    if (handled === undefined) return stream.send(tags.failure("bad-request"));
    const managed = this.#resumable.get(previd);
    if (managed === undefined || !managed.session.jid.bare.equals(stream.account!)) {
      return stream.send(tags.failure("item-not-found", this.#ended.get(`${stream.account} ${previd}`)));
    }
    managed.acknowledge(handled);
    // Nothing more is taken from the connection before: the client sends again what was not handled until now.
    managed.part();
    this.#owing.delete(managed);
    this.#expect(managed);
    managed.claimant = stream.connection;
    const removed = this.keeping.remove(managed);
    const { safe } = managed.session;
    if (removed === undefined && safe === undefined) return this.#continue(stream, managed);
    // What is on disk is of the past once the client is back: a crash must not bring it back.
    return Promise.allSettled([removed, safe]).then(() => this.#continue(stream, managed));
  }

  #continue(stream: Negotiation, managed: Managed): void {
    const previd = managed.id!;
    if (managed.over) return stream.send(tags.failure("item-not-found", managed.handled));
    if (managed.claimant !== stream.connection) return stream.connection.release(); // its client is somewhere else by now
    managed.claimant = undefined;
    managed.resume(stream.connection, () => {
      stream.send(tags.resumed({ previd, h: String(managed.handled) }));
      stream.adopt(managed.session);
    });
    this.#host.server.metrics.count("sessions_resumed");
  }

  /**
   * An acknowledgement says that what the client sent is safe: it waits until that is on disk. What the client sends behind
   * its request does not wait, so that its own acknowledgements are heard; answers keep their order.
   */
  #acknowledge(managed: Managed): void | Promise<void> {
    const { handled, connection } = managed;
    const safe = this.#isSafe(managed.session);
    const answer = async () => {
      const certain = await safe.catch((cause) => {
        this.#host.log.error("what a client has sent cannot be acknowledged", { cause });
        return false;
      });
      managed.answers--;
      // Who has come back over another connection was told there.
      if (certain && managed.connection === connection) managed.send(tags.answer({ h: String(handled) }));
    };
    managed.answers++;
    managed.answering = managed.answering.then(answer);
    if (managed.answers >= mostAnswers) return managed.answering;
  }

  async #isSafe(session: LocalSession): Promise<boolean> {
    await session.safe;
    if (await this.#host.fire(acknowledging, session)) return false;
    await this.keeping.written();
    return true;
  }

  /** Whether a session can outlive its connection. */
  resumes(session: LocalSession): boolean {
    return this.#managed.get(session)?.id !== undefined;
  }

  /** Whether a session whose connection broke is kept for its client. */
  lose(session: LocalSession): boolean {
    const managed = this.#managed.get(session);
    if (managed?.id === undefined) return false;
    managed.leave();
    this.#owing.delete(managed);
    const until = this.#await(managed, this.#settings.resumable);
    background(this.#host.log, this.keeping.put(managed, until), "the session of an absent client not written");
    return true;
  }

  /** Its client may come back for so long. Until when; milliseconds since the epoch. */
  #await(managed: Managed, forMs: number): number {
    const expire = () => {
      this.#absent.delete(managed);
      managed.session.close();
    };
    const until = Date.now() + forMs;
    this.#absent.set(managed, { timer: setTimeout(expire, forMs).unref(), until });
    return until;
  }

  /** Its client is back, or it has ended. */
  #expect(managed: Managed): void {
    clearTimeout(this.#absent.get(managed)?.timer);
    this.#absent.delete(managed);
  }

  /** The server stops: sessions that can be resumed are for the next process. */
  async suspend(): Promise<void> {
    const until = Date.now() + this.#settings.resumable;
    const all = [...this.#resumable.values()];
    await this.keeping.handOver(all, (managed) => this.#absent.get(managed)?.until ?? until);
    for (const managed of all) this.#expect(managed);
    clearTimeout(this.#looking);
  }

  /** The server starts: sessions of a process that was stopped go on, those of one that was killed have ended. */
  async revive(): Promise<void> {
    for (const stored of await this.keeping.take()) {
      if (stored.end === "stopped" && this.#settings.resumable > 0) this.#revive(stored);
      else await this.#bury(stored);
    }
  }

  #revive(stored: StoredSession & Past): void {
    const managed = this.keeping.revive(stored, (session) =>
      this.#manage(new Managed(session, this, stored.id, stored)),
    );
    const { resumable } = this.#settings;
    const left = Math.max(stored.until - Date.now(), leastAfterRestart);
    this.#await(managed, Math.min(left, resumable));
    this.#host.server.metrics.count("sessions_revived");
  }

  /** What its client has sent is known for certain, but not what others have become since (docs/adr/0017). */
  async #bury(stored: StoredSession & Past): Promise<void> {
    if (stored.end !== "connected") this.#ended.set(`${stored.jid.bare} ${stored.id}`, stored.handled);
    const { archive } = this.#host.use(mam);
    // Other clients were given what is shared; where they were not there for it either, the archive is.
    const isElsewhere = ({ shared, stanza }: Kept) => shared && archive.idOf(stanza.element, stored.jid) !== undefined;
    await this.#rescue(stored.queue.filter((kept) => !isElsewhere(kept)));
    await this.keeping.removeRest(stored.id);
  }

  /** The session is over: what its client has not acknowledged is for its other clients, or for later. */
  async forget(session: LocalSession): Promise<void> {
    const managed = this.#managed.get(session);
    if (managed === undefined) return;
    managed.over = true;
    this.#managed.delete(session);
    this.#owing.delete(managed);
    this.#expect(managed);
    if (managed.id !== undefined) {
      this.#resumable.delete(managed.id);
      this.#ended.set(`${session.jid.bare} ${managed.id}`, managed.handled);
    }
    await this.#rescue(managed.unacknowledged);
    await this.keeping.remove(managed);
  }

  /** All at once: none is overtaken by what a client gets that comes meanwhile. */
  async #rescue(queue: readonly Kept[]): Promise<void> {
    const many = queue.length > mostAtOnce;
    await Promise.all(queue.map((kept) => rescue(this.#host, this.late(kept), { shared: kept.shared, many })));
  }

  late({ stanza, at }: Kept): Stanza {
    if (stanza.kind !== "message" || delayOf(stanza.element) !== undefined) return stanza;
    return stanza.map((element) => element.append(delayed(this.#host.jid, new Date(at))));
  }

  keep(managed: Managed, kept: Kept): void {
    this.keeping.add(managed, kept);
  }

  shares({ kind, to }: Stanza): boolean {
    return kind === "message" && to.isBare && recipients(this.#host, to).length > 1;
  }

  unasked(connection: Managed): void {
    this.#owing.add(connection);
    this.#looking ??= setTimeout(() => this.#look(), lookEvery).unref();
  }

  overflowed(managed: Managed): void {
    const { session, away, bytes, unacknowledged } = managed;
    const stanzas = unacknowledged.length;
    this.#host.server.metrics.count("sessions_overflowed");
    const facts = { jid: session.jid.toString(), stanzas, bytes, away, peer: managed.peer };
    this.#host.log.info("a session ends: its client has not acknowledged too much", facts);
    managed.end("policy-violation", `Too many stanzas were not acknowledged: ${stanzas}, of ${bytes} bytes together`);
  }

  #look(): void {
    this.#looking = undefined;
    const now = performance.now();
    const late = now - this.#settings["answer-time"];
    for (const managed of this.#owing) {
      if (managed.away || managed.unacknowledged.length === 0) this.#owing.delete(managed);
      else if (managed.askedAt === undefined) managed.ask();
      else if (managed.askedAt < late) {
        this.#owing.delete(managed);
        managed.drop();
      } else if (managed.askedAt < now - doubtfulAfter && !managed.onDisk) {
        background(this.#host.log, this.keeping.putDoubtful(managed), "the session of a silent client not written");
      }
    }
    if (this.#owing.size > 0) this.#looking = setTimeout(() => this.#look(), lookEvery).unref();
  }
}
