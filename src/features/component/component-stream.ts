import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Bucket, fullBucket, spend } from "#collections/bucket.ts";
import { afterAuthentication, beforeAuthentication } from "#core/limits.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Kind, kindOf, Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import { Stream, type StreamEvents } from "#stream/stream.ts";
import type { CloseReason, Transport } from "#stream/transport.ts";
import type { Element } from "#xml/element.ts";
import type { ComponentDoor } from "./door.ts";
import type { Gateway } from "./gateway.ts";
import { accept, handshake } from "./tags.ts";

/** The connection of one component: it proves its secret, then carries stanzas both ways (XEP-0114 §3). */
export class ComponentStream implements StreamEvents {
  readonly stream: Stream;
  /** When the connection came, in milliseconds since the epoch. */
  readonly since: number = Date.now();
  readonly #door: ComponentDoor;
  readonly #id = randomBytes(18).toString("base64url");
  readonly #bucket: Bucket; // of bytes
  #counted = 0;
  #pause: NodeJS.Timeout | undefined;
  #named: Gateway | undefined;
  /** The domain it serves, once it has proved the secret. */
  gateway: Gateway | undefined;

  constructor(door: ComponentDoor, transport: Transport) {
    this.#door = door;
    this.#bucket = fullBucket(door.settings, performance.now());
    this.stream = new Stream(transport, this, { limits: beforeAuthentication, namespace: accept, versioned: false });
  }

  header(header: Element): void {
    const { to } = header.attrs;
    this.#named = this.#door.gateway(Jid.tryParse(to)?.toString() ?? "");
    this.stream.reply({ id: this.#id, from: to });
    if (this.#named === undefined)
      throw new StreamError("host-unknown", "No component of this name is configured here");
  }

  element(element: Element): void | Promise<void> {
    if (this.gateway === undefined) return this.#prove(element);
    this.#shape();
    const kind = kindOf(element);
    if (kind === undefined) throw new StreamError("unsupported-stanza-type");
    return this.#receive(this.gateway, element, kind);
  }

  closing(): void {
    clearTimeout(this.#pause);
    this.gateway?.lost(this);
  }

  ended(reason: CloseReason): void {
    this.#door.ended(this, reason);
  }

  refused(error: StreamError): void {
    this.#door.refused(this, error);
  }

  broken(cause: unknown): void {
    this.#door.log.error("a component's stream failed through a fault of this program", { cause });
  }

  drained(): void {
    this.gateway?.drained(this);
  }

  get name(): string | undefined {
    return this.#named?.domain;
  }

  #prove(element: Element): void {
    if (!element.is(handshake) || this.#named === undefined) throw new StreamError("not-authorized");
    const expected = createHash("sha1").update(this.#id).update(this.#named.secret).digest("hex");
    const given = Buffer.from(element.text.trim().toLowerCase());
    if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected))) {
      throw new StreamError("not-authorized", "The secret is not the one that is configured here");
    }
    this.stream.limits = { ...afterAuthentication, stanzaBytes: this.#door.settings["stanza-size"] };
    this.gateway = this.#named;
    this.stream.send(handshake());
    this.gateway.attach(this);
  }

  #receive(gateway: Gateway, element: Element, kind: Kind): void | Promise<void> {
    const from = Jid.tryParse(element.attrs.from);
    if (from?.domain !== gateway.domain) {
      throw new StreamError("invalid-from", "A component speaks in the name of its own domain only");
    }
    const to = Jid.tryParse(element.attrs.to);
    if (to === undefined) return this.#misaddressed(element, kind, from);
    return this.#door.take(Stanza.of(kind, element, from, to));
  }

  /** Without an addressee there is nobody to ask: the component itself is told, and goes on. */
  #misaddressed(element: Element, kind: Kind, from: Jid): void {
    if (element.attrs.type === "error" || element.attrs.type === "result") return;
    const stanza = Stanza.of(kind, element, from, Jid.of("", from.domain, ""));
    this.stream.send(stanza.error(new StanzaError("jid-malformed")).element);
  }

  /** Reads a component that sends faster than allowed more slowly. */
  #shape(): void {
    const bytes = this.stream.received - this.#counted;
    this.#counted = this.stream.received;
    const wait = spend(this.#bucket, bytes, this.#door.settings, performance.now());
    if (wait === 0 || this.#pause !== undefined) return;
    this.stream.hold(true);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.stream.hold(false);
    }, wait);
  }
}
