import { randomBytes } from "node:crypto";
import { admitting } from "#core/account.ts";
import type { BoundSession } from "#core/bound-session.ts";
import { afterAuthentication, beforeAuthentication } from "#core/limits.ts";
import type { LocalHost } from "#core/local-host.ts";
import type { Negotiation } from "#core/negotiation.ts";
import { type Connection, face, type LocalSession, type Progress } from "#core/session.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { SaslError } from "#sasl/error.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, iq, type Kind, kindOf, Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import { features, Stream, type StreamEvents } from "#stream/stream.ts";
import type { CloseReason, Transport } from "#stream/transport.ts";
import type { Element } from "#xml/element.ts";
import { type Authentication, encode, failed } from "./authentication.ts";
import { bindResource } from "./binding.ts";
import type { Door } from "./door.ts";
import { NamesAsked } from "./names-asked.ts";
import { receive } from "./stanzas.ts";
import * as tags from "./tags.ts";

/** Bytes and elements that a client may send before it is authenticated, over all. */
const unauthenticatedBytes = 65_536;

/** Failed logins of any kind on one connection before it is closed. */
const mostFailures = 12;

/** One client's connection: negotiates (RFC 6120 §4 to §7), then carries the stanzas of its session. */
export class ClientStream implements StreamEvents, Connection, Negotiation {
  readonly #door: Door;
  readonly #stream: Stream;
  #host: LocalHost | undefined;
  #authentication: Authentication | undefined;
  #guesses = 0;
  #failures = 0;
  #lang: string | undefined;
  /** The domain that the client opened its stream to: an alias of the host's, or its name. */
  #face = "";
  readonly #names: NamesAsked;
  /** What the client's side has taken, once its connection is over; bytes. */
  #taken: number | undefined;
  account: Jid | undefined;
  session: BoundSession | undefined;
  /** When the connection came, and when its client was last heard; milliseconds since the epoch. */
  readonly since: number = Date.now();
  heard: number = this.since;
  /** The client was asked whether it is still there. */
  asked = false;
  /** What the shaper reckons with. */
  allowance: { tokens: number; at: number; counted: number } | undefined;

  constructor(door: Door, transport: Transport) {
    this.#door = door;
    this.#stream = new Stream(transport, this, { limits: beforeAuthentication });
    this.#names = new NamesAsked(door.server.faces);
  }

  start(): void {
    this.#stream.start();
  }

  get host(): LocalHost {
    if (this.#host === undefined) throw new Error("the stream has no host yet");
    return this.#host;
  }

  get secure(): boolean {
    return this.#stream.transport.secure;
  }

  get peer(): string {
    return this.#stream.transport.peer;
  }

  get unsent(): number {
    return this.#stream.transport.buffered;
  }

  get stream(): Stream {
    return this.#stream;
  }

  header(header: Element): void {
    this.heard = Date.now();
    const { to, from, version } = header.attrs;
    const id = randomBytes(12).toString("base64url");
    this.#lang = header.attrs["xml:lang"] ?? this.#door.settings.language;
    const known = this.#hostOf(to);
    this.#stream.reply({ id, from: known ? this.#face : to, to: from, lang: this.#lang });
    if (to === undefined || to === "") throw new StreamError("improper-addressing", "The stream header needs a 'to'");
    if (known === undefined) throw new StreamError("host-unknown", "No such domain is served here"); // §4.9.3.6
    if (!/^[1-9]\d*\.\d+$/.test(version ?? ""))
      throw new StreamError("unsupported-version", "This server speaks XMPP 1.0"); // §4.9.3.25
    this.#host = known;
    if (this.account && from !== undefined && !this.#isOwn(from)) throw new StreamError("invalid-from"); // §4.9.3.9
    this.#stream.send(features({}, ...this.#features()));
  }

  element(element: Element): void | Promise<void> {
    this.heard = Date.now();
    this.asked = false;
    if (this.session !== undefined) {
      this.#door.shape(this);
      const kind = kindOf(element);
      if (kind !== undefined) return this.#receive(this.session, element, kind);
    }
    return this.#negotiate(element);
  }

  #receive(session: BoundSession, element: Element, kind: Kind): void | Promise<void> {
    const { faces } = this.#door.server;
    if (faces.any) this.#names.note(element, this.#face);
    const work = receive(session, this.host, faces.inward(element), kind);
    if (work instanceof Promise) {
      const done = work.then(() => {
        session.handled++;
      });
      session.awaits(done); // who resumes meanwhile must not send this stanza again
      return done;
    }
    session.handled++;
  }

  #negotiate(element: Element): void | Promise<void> {
    if (this.account === undefined) return this.#login(element);
    for (const feature of this.host.advertised.streamFeatures()) {
      if (feature.accepts.some((tag) => element.is(tag))) return feature.negotiate(this, element);
    }
    if (kindOf(element) === undefined) {
      const stanza = element.name === "message" || element.name === "presence" || element.name === "iq";
      throw new StreamError(stanza ? "invalid-namespace" : "unsupported-stanza-type"); // §4.9.3.24
    }
    const request = element.is(iq) && element.attrs.type === "set" ? element.child(tags.bind) : undefined;
    if (request === undefined) throw new StreamError("not-authorized", "Bind a resource first"); // §7.1
    this.#bind(element, request);
  }

  #login(element: Element): void | Promise<void> {
    if (this.#stream.received > unauthenticatedBytes)
      throw new StreamError("policy-violation", "Too much before login");
    if (element.is(tags.startTls)) return this.#startTls();
    const encrypted = this.secure || this.#door.settings.encryption === "optional";
    if (element.ns === tags.saslNamespace) {
      if (!encrypted)
        return this.#fail(new SaslError("encryption-required", "Encrypt the connection (STARTTLS) before you log in"));
      if (element.is(tags.auth) || element.is(tags.response) || element.is(tags.abort))
        return this.#authenticate(element);
    }
    const refusal = element.is(iq) ? this.#door.beforeLogin(element, this.host, this.#lang) : undefined;
    if (refusal) return void this.#stream.send(refusal);
    throw new StreamError("not-authorized", "Log in first"); // §4.9.3.12
  }

  async #startTls(): Promise<void> {
    if (this.secure || this.#stream.transport.startTls === undefined) {
      throw new StreamError("policy-violation", "The connection is encrypted already");
    }
    this.#stream.send(tags.proceed());
    await this.#stream.startTls(this.#face);
    this.#authentication = undefined;
  }

  async #authenticate(element: Element): Promise<void> {
    this.#authentication ??= this.#beginAuthentication();
    try {
      const step = await this.#authentication.take(element);
      if (step.kind === "challenge") return void this.#stream.send(tags.challenge({}, encode(step.data)));
      const account = Jid.of(step.user, this.host.domain);
      await this.host.fire(admitting, { account });
      this.#authenticated(account, step.data);
    } catch (problem) {
      if (!(problem instanceof SaslError)) throw problem;
      return this.#fail(problem);
    }
  }

  #authenticated(account: Jid, data: Uint8Array | undefined): void {
    this.account = account;
    this.#authentication = undefined;
    this.#stream.limits = { ...afterAuthentication, stanzaBytes: this.#door.settings["stanza-size"] };
    this.#stream.send(data === undefined ? tags.success() : tags.success({}, encode(data)));
    this.#stream.restart();
    this.#door.authenticated(this);
  }

  /**
   * RFC 6120 §6.4.5: a failure leaves room for another try, but not for many. Wrong passwords are few; clients that
   * work their way down the mechanisms, some of which they cannot do, need more tries than that.
   */
  #fail(error: SaslError): void {
    this.#door.server.metrics.count("logins_failed", error.condition);
    this.#door.log.info("login failed", {
      condition: error.condition,
      why: error.text,
      peer: this.peer,
      user: this.#authentication?.claimed,
      domain: this.host.domain,
    });
    this.#stream.send(failed(error, this.#lang));
    if (error.condition === "not-authorized" && (error.text === undefined || error.words)) this.#guesses++;
    if (this.#guesses >= this.#door.settings["login-attempts"] || ++this.#failures >= mostFailures) {
      throw new StreamError("policy-violation", "Too many failed logins");
    }
  }

  #beginAuthentication(): Authentication {
    return this.#door.authentication(this.host, this.#stream.transport);
  }

  #bind(element: Element, request: Element): void {
    const account = this.account!;
    const own = this.host.jid;
    const asked = Stanza.of("iq", element, account, own) as Iq;
    try {
      if (element.attrs.id === undefined) throw new StanzaError("bad-request");
      const binder = { host: this.host, account, connection: this, lang: this.#lang };
      this.session = bindResource(binder, request, this.#door.settings);
    } catch (problem) {
      if (!(problem instanceof StanzaError)) throw problem;
      return void this.#stream.send(asked.error(problem, this.#lang).element.with({ from: undefined, to: undefined }));
    }
    if (this.#face !== this.host.domain) this.session.set(face, this.#face);
    const jid = this.#door.server.faces.shown(this.session.jid, this.#face).toString();
    this.#stream.send(iq({ type: "result", id: asked.id }, tags.bind({}, tags.bindJid({}, jid))));
    this.#door.bound(this);
  }

  /** What is offered in the stream's present state, in the order of XEP-0170. */
  #features(): Element[] {
    const { settings } = this.#door;
    const canEncrypt = !this.secure && this.#stream.transport.startTls !== undefined;
    const startTls = canEncrypt
      ? [tags.startTls({}, ...(settings.encryption === "required" ? [tags.required()] : []))]
      : [];
    if (!this.secure && settings.encryption === "required") return startTls;
    if (this.account === undefined) {
      this.#authentication = this.#beginAuthentication();
      return [...startTls, ...this.#authentication.offer(), this.#door.limits(false)];
    }
    const others = this.host.advertised.streamFeatures().map((feature) => feature.offer(this));
    return [
      tags.bind(),
      tags.legacySession({}, tags.optional()),
      this.#door.limits(true),
      ...others.filter((feature) => feature !== undefined),
    ];
  }

  #hostOf(to: string | undefined): LocalHost | undefined {
    if (to === undefined) return undefined;
    try {
      const { router, faces } = this.#door.server;
      const { domain } = Jid.parse(to);
      const host = router.hosts.get(faces.domain(domain));
      if (host?.where !== "accounts") return undefined;
      this.#face = domain;
      return host;
    } catch (problem) {
      if (problem instanceof JidError) return undefined;
      throw problem;
    }
  }

  #isOwn(from: string): boolean {
    try {
      return this.#door.server.faces.canonical(Jid.parse(from).bare).equals(this.account!);
    } catch {
      return false;
    }
  }

  send(element: Element): void {
    this.#stream.send(element);
  }

  deliver(stanza: Stanza): number {
    const { faces } = this.#door.server;
    const asked = this.#names.take(stanza);
    const element = faces.outward(stanza.element, asked ?? this.#face);
    const before = this.#stream.sent;
    this.#stream.send(asked ? element.with({ to: faces.shown(stanza.to, this.#face).toString() }) : element);
    return this.#stream.sent - before;
  }

  follow(): () => Progress {
    const goal = this.#stream.sent;
    return () => {
      if (this.#taken !== undefined) return this.#taken >= goal ? "taken" : "lost";
      return this.#stream.sent - this.unsent >= goal ? "taken" : "written"; // a stream that is closed is still sent
    };
  }

  end(condition?: Parameters<Connection["end"]>[0], text?: string): void {
    this.#stream.close(condition === undefined ? undefined : new StreamError(condition, text));
  }

  /** The session ends with the stream, not with the connection: what comes for it from now on is routed elsewhere. */
  closing(broken: boolean): void {
    if (!broken) return this.session?.close();
    this.#taken = 0;
    this.lose();
  }

  /** The client is not there any more; its session may be kept for it. */
  lose(): void {
    const { session } = this;
    this.session = undefined;
    session?.lose();
  }

  get connection(): Connection {
    return this;
  }

  adopt(session: LocalSession): void {
    this.session = session as BoundSession;
    this.#door.bound(this);
    if (!this.#stream.open) this.lose(); // its client has gone again while the disk was waited for
  }

  release(): void {
    this.session = undefined;
    this.#stream.close(new StreamError("conflict", "The session goes on over another connection"));
  }

  drop(): void {
    this.#stream.transport.destroy();
  }

  ended(reason: CloseReason, orderly: boolean): void {
    this.#taken ??= reason === "ended" ? this.#stream.sent : 0;
    this.#door.ended(this, orderly ? "ended" : reason);
  }

  broken(cause: unknown): void {
    this.#door.log.error("stream broken by a fault of ours", {
      cause,
      peer: this.peer,
      account: this.account?.toString(),
    });
  }

  refused(error: StreamError): void {
    this.#door.refused(this, error);
  }
}
