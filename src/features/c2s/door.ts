import { setTimeout as sleep } from "node:timers/promises";
import { fullBucket, spend } from "#collections/bucket.ts";
import { staying, suspending } from "#core/handover.ts";
import type { Server } from "#core/host.ts";
import { beforeAuthentication } from "#core/limits.ts";
import type { LocalHost } from "#core/local-host.ts";
import type { Logger } from "#core/log.ts";
import { refusal } from "#features/registration/index.ts";
import { Throttle } from "#sasl/throttle.ts";
import { iq as iqTag, Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { CloseReason, Transport } from "#stream/transport.ts";
import { type Element, tag } from "#xml/element.ts";
import { Authentication } from "./authentication.ts";
import { ClientStream } from "./client-stream.ts";
import { accountHosts } from "./hosts.ts";
import type { C2sSettings } from "./settings.ts";
import * as tags from "./tags.ts";

/** How often streams are looked over for time limits at the least, in milliseconds. */
const sweepEvery = 5_000;

/** How long a stop waits for stanzas under way, and for the ends of sessions; in milliseconds. */
const mostFinishing = 3_000;

/** How long clients may then take to close: the last words need a moment on their way. In milliseconds. */
const mostClosing = 400;

const ping = tag("urn:xmpp:ping", "ping");
const register = tag("jabber:iq:register", "query");

/** The door that clients come in at: every stream of theirs, and what they share. */
export class Door {
  readonly server: Server;
  readonly settings: C2sSettings;
  readonly log: Logger;
  readonly #throttle: Throttle;
  readonly #streams = new Set<ClientStream>();
  readonly #secret: Uint8Array;
  readonly #sweep: NodeJS.Timeout;
  readonly #shaped = new Map<ClientStream, NodeJS.Timeout>();
  #idle: (() => void)[] = [];
  #closing = false;

  constructor(server: Server, settings: C2sSettings) {
    this.server = server;
    this.settings = settings;
    this.log = server.log.child({ feature: "c2s" });
    this.#secret = server.secret("c2s decoy salts");
    this.#throttle = new Throttle({ attempts: 10, window: 900_000, lock: 5_000 }, () => performance.now());
    const shortest = Math.min(sweepEvery, settings["login-time"], settings.idle, settings["idle-answer"]);
    this.#sweep = setInterval(() => this.#lookOver(), Math.max(20, shortest));
    this.#sweep.unref();
    server.metrics.gauge("c2s_streams", () => this.#streams.size);
  }

  accept(transport: Transport): void {
    if (this.#closing) return transport.destroy();
    const stream = new ClientStream(this, transport);
    this.#streams.add(stream);
    this.server.metrics.count("c2s_streams_accepted");
    stream.start();
  }

  /**
   * Finishes what is under way. Sessions that can be resumed are for the next process; the others end, and those who stay
   * see them leave. Then every client is told that the server stops. A second at the most, unless the disk is slow.
   */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sweep);
    for (const timer of this.#shaped.values()) clearTimeout(timer);
    await inTime(Promise.allSettled([...this.#streams].map(({ stream }) => stream.finishes())));
    for (const stream of this.#streams) if (!this.#stays(stream)) stream.end("system-shutdown"); // RFC 6120 §4.9.3.21
    const hosts = accountHosts(this.server);
    await inTime(Promise.all([...this.server.router.hosts.values()].map((host) => host.finished())));
    for (const host of hosts) {
      try {
        await host.fire(suspending, { domain: host.domain });
      } catch (cause) {
        this.log.error("sessions cannot be kept for the next start, and end", { cause });
      }
    }
    for (const stream of this.#streams) stream.end("system-shutdown");
    await this.#emptied();
    for (const stream of this.#streams) stream.stream.transport.destroy();
  }

  #stays(stream: ClientStream): boolean {
    return stream.session !== undefined && stream.host.fire(staying, stream.session) === true;
  }

  /** Every client has closed, or has had the time to. */
  async #emptied(): Promise<void> {
    if (this.#streams.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mostClosing);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  authentication(host: LocalHost, transport: Transport): Authentication {
    const { tls } = transport;
    const bindings = new Map<string, () => Uint8Array | undefined>();
    if (tls && this.settings["channel-binding"]) {
      bindings.set("tls-exporter", () => tls.exporter("EXPORTER-Channel-Binding", 32));
      bindings.set("tls-server-end-point", () => tls.endPoint());
    }
    const context = {
      domain: host.domain,
      aliases: this.server.faces.aliases(host.domain),
      accounts: host.accounts,
      secure: transport.secure,
      channelBinding: (type: string) => bindings.get(type)?.(),
      bindingTypes: [...bindings].filter(([, read]) => read() !== undefined).map(([type]) => type),
      decoySecret: this.#secret,
      attempts: this.#throttle.at(transport.address, (user) => `${user}@${host.domain}`),
    };
    return new Authentication(context, this.settings.plain);
  }

  authenticated(stream: ClientStream): void {
    this.server.metrics.count("logins");
    this.log.debug("client authenticated", { account: stream.account?.toString(), peer: stream.peer });
  }

  bound(stream: ClientStream): void {
    this.log.info("session bound", {
      jid: stream.session?.jid.toString(),
      peer: stream.peer,
      encrypted: stream.secure,
    });
  }

  refused(stream: ClientStream, error: StreamError): void {
    this.server.metrics.count("c2s_streams_refused", error.condition);
    this.log.info("stream refused", {
      condition: error.condition,
      why: error.explanation,
      peer: stream.peer,
      jid: (stream.session?.jid ?? stream.account)?.toString(),
    });
  }

  ended(stream: ClientStream, reason: CloseReason): void {
    if (!this.#streams.delete(stream)) return;
    clearTimeout(this.#shaped.get(stream));
    this.#shaped.delete(stream);
    this.server.metrics.count("c2s_streams_ended", reason);
    if (stream.session) this.log.info("session ended", { jid: stream.session.jid.toString(), reason });
    if (this.#streams.size === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  /** Stream Limits Advertisement (XEP-0478 §3). */
  limits(authenticated: boolean): Element {
    const bytes = authenticated ? this.settings["stanza-size"] : beforeAuthentication.stanzaBytes;
    const idle = Math.floor((authenticated ? this.settings.idle : this.settings["login-time"]) / 1000);
    return tags.limits({}, tags.maxBytes({}, String(bytes)), tags.idleSeconds({}, String(idle)));
  }

  /** The answer to a request that some clients make before they log in: to create an account (XEP-0077 §3.1). */
  beforeLogin(element: Element, host: LocalHost, lang: string | undefined): Element | undefined {
    if (element.child(register) === undefined || element.attrs.type === "error" || element.attrs.type === "result")
      return undefined;
    const error = refusal("").register;
    return iqTag(
      { type: "error", id: element.attrs.id, from: host.domain },
      error.toElement(element.attrs["xml:lang"] ?? lang),
    );
  }

  /** Reads a client that sends faster than allowed more slowly: a bucket of `burst` bytes that fills at `rate`. */
  shape(client: ClientStream): void {
    const { rate, burst } = this.settings;
    if (rate === 0) return;
    client.allowance ??= { ...fullBucket(this.settings, client.heard), counted: 0 };
    const { allowance } = client;
    const news = client.stream.received - allowance.counted;
    if (news < allowance.tokens && news < burst / 2) return;
    allowance.counted += news;
    const wait = spend(allowance, news, this.settings, client.heard);
    if (wait === 0 || this.#shaped.has(client)) return;
    this.server.metrics.count("c2s_streams_slowed");
    client.stream.hold(true);
    const timer = setTimeout(() => {
      this.#shaped.delete(client);
      client.stream.hold(false);
    }, wait);
    this.#shaped.set(client, timer);
  }

  #lookOver(): void {
    const now = Date.now();
    const { idle, "login-time": loginTime, "idle-answer": answer } = this.settings;
    for (const client of this.#streams) {
      if (client.session === undefined) {
        if (now - client.since > loginTime) this.#timeOut(client, "The login took too long");
      } else if (now - client.heard > idle + answer && client.asked) {
        this.#timeOut(client, "Nothing was heard for too long");
      } else if (now - client.heard > idle && !client.asked) {
        client.asked = true;
        const { session, host } = client;
        // By way of the session: whoever counts its stanzas counts this one (XEP-0198 §4).
        session.send(Stanza.of("iq", iqTag({ type: "get", id: `alive-${now}` }, ping()), host.jid, session.jid));
      }
    }
  }

  /** RFC 6120 §4.9.3.4. */
  #timeOut(client: ClientStream, why: string): void {
    const error = new StreamError("connection-timeout", why);
    this.refused(client, error);
    client.lose();
    client.stream.close(error);
  }
}

/** Waits for something, but not for long. */
async function inTime(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(mostFinishing, undefined, { ref: false })]);
}
