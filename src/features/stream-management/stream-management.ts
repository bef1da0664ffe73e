import { randomBytes } from "node:crypto";
import { Recent } from "#collections/recent.ts";
import { recipients, rescue } from "#core/delivery.ts";
import type { Feature } from "#core/feature.ts";
import { handled } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import type { Negotiation } from "#core/negotiation.ts";
import { acknowledging, closed, type LocalSession, losing } from "#core/session.ts";
import { count, duration, section } from "#core/settings.ts";
import { delayed, delayOf } from "#stanza/delay.ts";
import type { Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { type Keeper, Managed } from "./managed.ts";
import * as tags from "./tags.ts";

const settings = section({
  resumable: duration(
    "10 minutes",
    "How long a client whose connection broke may come back as if nothing had happened.",
  ),
  unacknowledged: count(1_000, "Stanzas kept for a client until it acknowledges them; with more, its session ends."),
  "answer-time": duration("1 minute", "How long a client may take to acknowledge; after that its connection is cut."),
});

type Settings = ReturnType<(typeof settings)["parse"]>;

/** How often clients that owe an acknowledgement are looked after, in milliseconds. */
const lookEvery = 1_000;

/**
 * Stream Management (XEP-0198): what is sent over a bad network arrives, and a broken connection is taken up again where
 * it broke.
 */
export const streamManagement: Feature<Settings> = {
  name: "stream-management",
  xeps: [{ number: 198, version: "1.6.3", note: "sessions are resumed while the process lives" }],
  settings,
  setup(host, values) {
    const manager = new StreamManager(host, values);
    host.stream({
      accepts: [tags.enable, tags.resume, tags.request, tags.answer],
      offer: (stream) => (stream.account === undefined ? undefined : tags.sm()),
      negotiate: (stream, request) => manager.take(stream, request),
    });
    host.on(losing, "record", (session) => (manager.keep(session) ? handled : undefined));
    host.on(closed, "record", (session) => manager.forget(session));
  },
};

class StreamManager implements Keeper {
  readonly limit: number;
  readonly #host: Host;
  readonly #settings: Settings;
  readonly #managed = new Map<LocalSession, Managed>();
  readonly #resumable = new Map<string, Managed>();
  readonly #expiry = new Map<Managed, NodeJS.Timeout>();
  /** What was handled of sessions that have ended (XEP-0198 §5: clients repeat the rest). */
  readonly #ended = new Recent<number>(1_000);
  /** Clients that owe an acknowledgement, or are to be asked for one. */
  readonly #owing = new Set<Managed>();
  #looking: NodeJS.Timeout | undefined;

  constructor(host: Host, settings: Settings) {
    this.#host = host;
    this.#settings = settings;
    this.limit = settings.unacknowledged;
    host.server.metrics.gauge("sessions_away", () => this.#expiry.size);
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
  }

  #enable(stream: Negotiation, request: Element): void {
    const { session } = stream;
    // §3: after binding, and once
    if (session === undefined || this.#managed.has(session)) return stream.send(tags.failure("unexpected-request"));
    const wanted = request.attrs.resume === "true" || request.attrs.resume === "1";
    const id = wanted && this.#settings.resumable > 0 ? randomBytes(18).toString("base64url") : undefined;
    const max = id === undefined ? undefined : String(Math.round(this.#settings.resumable / 1000));
    stream.send(tags.enabled({ id, resume: id === undefined ? undefined : "true", max }));
    const managed = new Managed(session, this, id);
    this.#managed.set(session, managed);
    if (id !== undefined) this.#resumable.set(id, managed);
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
    clearTimeout(this.#expiry.get(managed));
    this.#expiry.delete(managed);
    const { safe } = managed.session;
    return safe === undefined ? this.#continue(stream, managed) : safe.then(() => this.#continue(stream, managed));
  }

  #continue(stream: Negotiation, managed: Managed): void {
    const previd = managed.id!;
    managed.resume(stream.connection, () => {
      stream.send(tags.resumed({ previd, h: String(managed.handled) }));
      stream.adopt(managed.session);
    });
    this.#host.server.metrics.count("sessions_resumed");
  }

  /** An acknowledgement says that what the client sent is safe: it waits until that is on disk. */
  async #acknowledge(managed: Managed): Promise<void> {
    const { handled, session } = managed;
    await session.safe;
    if (await this.#host.fire(acknowledging, session)) return;
    managed.send(tags.answer({ h: String(handled) }));
  }

  /** Whether a session whose connection broke is kept for its client. */
  keep(session: LocalSession): boolean {
    const managed = this.#managed.get(session);
    if (managed?.id === undefined) return false;
    managed.leave();
    this.#owing.delete(managed);
    const expire = () => {
      this.#expiry.delete(managed);
      session.close();
    };
    this.#expiry.set(managed, setTimeout(expire, this.#settings.resumable).unref());
    return true;
  }

  /** The session is over: what its client has not acknowledged is for its other clients, or for later. */
  async forget(session: LocalSession): Promise<void> {
    const managed = this.#managed.get(session);
    if (managed === undefined) return;
    this.#managed.delete(session);
    this.#owing.delete(managed);
    clearTimeout(this.#expiry.get(managed));
    this.#expiry.delete(managed);
    if (managed.id !== undefined) {
      this.#resumable.delete(managed.id);
      this.#ended.set(`${session.jid.bare} ${managed.id}`, managed.handled);
    }
    // All at once: none is overtaken by what a client gets that comes meanwhile.
    await Promise.all(
      managed.unacknowledged.map(({ stanza, shared }) => rescue(this.#host, this.#stamped(stanza), shared)),
    );
  }

  #stamped(stanza: Stanza): Stanza {
    if (stanza.kind !== "message" || delayOf(stanza.element) !== undefined) return stanza;
    return stanza.map((element) => element.append(delayed(this.#host.jid, new Date())));
  }

  shares({ kind, to }: Stanza): boolean {
    return kind === "message" && to.isBare && recipients(this.#host, to).length > 1;
  }

  unasked(connection: Managed): void {
    this.#owing.add(connection);
    this.#looking ??= setTimeout(() => this.#look(), lookEvery).unref();
  }

  overflowed(connection: Managed): void {
    this.#host.server.metrics.count("sessions_overflowed");
    connection.end("policy-violation", "Too many stanzas were not acknowledged");
  }

  #look(): void {
    this.#looking = undefined;
    const late = performance.now() - this.#settings["answer-time"];
    for (const managed of this.#owing) {
      if (managed.away || managed.unacknowledged.length === 0) this.#owing.delete(managed);
      else if (managed.askedAt === undefined) managed.ask();
      else if (managed.askedAt < late) {
        this.#owing.delete(managed);
        managed.drop();
      }
    }
    if (this.#owing.size > 0) this.#looking = setTimeout(() => this.#look(), lookEvery).unref();
  }
}
