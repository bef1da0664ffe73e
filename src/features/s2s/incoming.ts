import { randomBytes } from "node:crypto";
import { beforeAuthentication } from "#core/limits.ts";
import { decodeBase64 } from "#sasl/encoding.ts";
import { SaslError } from "#sasl/error.ts";
import { checkExternal, external } from "#sasl/external.ts";
import { StreamError } from "#stream/error.ts";
import { features } from "#stream/stream.ts";
import type { Transport } from "#stream/transport.ts";
import { type Element, tag } from "#xml/element.ts";
import { judge, type Verdict } from "./certificate.ts";
import type { Federation } from "./federation.ts";
import { domainOf, type Pair } from "./pair.ts";
import { type Authentication, PeerStream } from "./peer-stream.ts";
import * as tags from "./tags.ts";

/** Bytes that a peer may send before it has proved a domain, over all. */
const unauthenticatedBytes = 65_536;
/** Failed tries of SASL before the stream is closed. */
const mostFailures = 3;
/** How long it is waited for the first word of an authenticated peer before it is written to, in milliseconds. */
const longestSilence = 1_000;

/** A stream that another server opened (RFC 6120 §4 to §6, XEP-0178, XEP-0220). */
export class Incoming extends PeerStream {
  readonly direction = "in";
  id = "";
  /** The domains that the stream's header names. */
  #pair: { readonly local: string; readonly remote: string | undefined } | undefined;
  #external: Pair | undefined;
  #wantsBidi = false;
  #asked = false;
  #failures = 0;
  /** A pair to carry once it is clear whether the peer asks for acknowledgements: it does so first of all. */
  #toCarry: Pair | undefined;
  #carrying: NodeJS.Timeout | undefined;

  constructor(house: Federation, transport: Transport) {
    super(house, transport, beforeAuthentication);
  }

  header(header: Element): void {
    this.heard = Date.now();
    const { to, from, version } = header.attrs;
    const local = domainOf(to);
    const hosted = local !== undefined && this.house.hosted(local);
    this.id = randomBytes(16).toString("hex");
    this.stream.reply({ id: this.id, from: hosted ? local : to, to: from });
    if (local === undefined) throw new StreamError("improper-addressing", "The stream header needs a 'to'");
    if (!hosted) throw new StreamError("host-unknown", "No such domain is served here"); // §4.9.3.6
    if (!/^[1-9]\d*\.\d+$/.test(version ?? "")) throw new StreamError("unsupported-version");
    const remote = domainOf(from);
    if (from !== undefined && remote === undefined) throw new StreamError("improper-addressing");
    this.#checkSender(remote);
    this.#pair = { local, remote };
    if (this.#external !== undefined) this.#established(this.#external, local);
    this.stream.send(features({}, ...this.#features()));
  }

  #checkSender(remote: string | undefined): void {
    if (this.#external !== undefined && remote !== undefined && remote !== this.#external.remote) {
      throw new StreamError("invalid-from", "The certificate was accepted for another domain"); // §4.9.3.9
    }
    if (remote === undefined) return;
    if (this.house.hosted(remote)) throw new StreamError("invalid-from", "That domain is served here");
    if (this.house.policy.refusal(remote) !== undefined) {
      throw new StreamError("policy-violation", "This server does not talk to that domain");
    }
  }

  #features(): Element[] {
    const { house } = this;
    const remote = this.#pair?.remote;
    const announced = [house.limits(this.authentication !== "none")];
    if (house.settings.bidirectional && this.receives.size === 0) announced.push(tags.bidiFeature());
    const dialback = tags.dialbackFeature({}, tags.dialbackErrors());
    if (!this.secure && this.stream.transport.startTls !== undefined) {
      const required = house.policy.mustEncrypt(remote ?? "");
      return [tags.startTls({}, ...(required ? [tags.required()] : [])), ...(required ? [] : [dialback]), ...announced];
    }
    if (this.#external !== undefined) return [tags.sm(), dialback, ...announced];
    const offered = this.#verdict()?.proves ? [tags.mechanisms({}, tags.mechanism({}, external))] : [];
    return [...offered, dialback, ...announced];
  }

  /** What the client's certificate says of the stream's `from` (XEP-0178 §3). */
  #verdict(): Verdict | undefined {
    const remote = this.#pair?.remote;
    return this.secure && remote !== undefined ? judge(this.stream.transport, remote) : undefined;
  }

  protected override negotiate(element: Element): void | Promise<void> {
    if (element.is(tags.startTls)) return this.#startTls();
    if (element.is(tags.bidi) && this.house.settings.bidirectional && this.receives.size === 0) {
      this.#wantsBidi = true;
      return;
    }
    if (element.ns === tags.saslNamespace) return this.#authenticate(element);
    const what = this.receives.size === 0 ? "not-authorized" : "unsupported-stanza-type";
    throw new StreamError(what); // §4.9.3.12, §4.9.3.24
  }

  async #startTls(): Promise<void> {
    if (this.secure || this.stream.transport.startTls === undefined || this.receives.size > 0) {
      throw new StreamError("policy-violation", "The connection is encrypted already");
    }
    this.stream.send(tags.proceed());
    try {
      await this.stream.startTls(this.#pair?.local);
    } catch (problem) {
      if (problem instanceof StreamError) throw problem;
      this.house.log.info("TLS failed", { ...this.described, domain: this.#pair?.remote, why: String(problem) });
    }
  }

  #authenticate(element: Element): void {
    const remote = this.#pair?.remote;
    try {
      if (this.#external !== undefined || remote === undefined) throw new SaslError("malformed-request");
      if (element.is(tags.auth)) {
        if (element.attrs.mechanism !== external) throw new SaslError("invalid-mechanism");
        this.#asked = element.text === "";
        if (this.#asked) return void this.stream.send(tags.challenge()); // RFC 4422 §3.3
      } else if (!element.is(tags.response) || !this.#asked) throw new SaslError("malformed-request");
      if (!this.#verdict()?.proves) throw new SaslError("not-authorized");
      checkExternal(decoded(element.text), (text) => domainOf(text) === remote);
      if (!this.house.roomFor(remote, this)) throw new SaslError("temporary-auth-failure", "Too many connections");
    } catch (problem) {
      if (!(problem instanceof SaslError)) throw problem;
      return this.#fail(problem);
    }
    this.#external = { local: this.#pair!.local, remote };
    this.stream.send(tags.success());
    this.stream.restart();
  }

  /** RFC 6120 §6.4.5: the peer may go on with dialback. */
  #fail(error: SaslError): void {
    const text = error.text === undefined ? [] : [tag(tags.saslNamespace, "text")({ "xml:lang": "en" }, error.text)];
    this.stream.send(tags.failure({}, tag(tags.saslNamespace, error.condition)(), ...text));
    this.#asked = false;
    this.house.log.info("authentication failed", {
      condition: error.condition,
      peer: this.peer,
      domain: this.#pair?.remote,
    });
    if (++this.#failures >= mostFailures) throw new StreamError("policy-violation", "Too many failures");
  }

  /** The stream was opened again after SASL: it may be to another domain of ours. */
  #established({ remote }: Pair, local: string): void {
    const pair = { local, remote };
    this.admit(pair, "certificate");
    this.proved(pair, "certificate");
  }

  override proved(pair: Pair, how: Authentication): void {
    this.house.met(pair, this, how);
    if (!this.#wantsBidi) return;
    this.bidirectional = true;
    if (this.#external === undefined || this.outbox.managed) return this.carry(pair); // XEP-0288 §2.2: the inverse
    this.#toCarry = pair;
    this.#carrying = setTimeout(() => this.#carryNow(), longestSilence);
  }

  override element(element: Element): void | Promise<void> {
    if (this.receives.size === 0 && this.stream.received > unauthenticatedBytes) {
      throw new StreamError("policy-violation", "Too much before authentication");
    }
    if (this.#toCarry !== undefined && !element.is(tags.enable)) this.#carryNow();
    return super.element(element);
  }

  #carryNow(): void {
    clearTimeout(this.#carrying);
    const pair = this.#toCarry;
    this.#toCarry = undefined;
    if (pair !== undefined) this.carry(pair);
  }

  protected override manage(element: Element): void {
    if (!element.is(tags.enable)) return super.manage(element);
    if (this.receives.size === 0 || this.outbox.managed) throw new StreamError("unsupported-stanza-type");
    this.stream.send(tags.enabled());
    this.counting();
    this.#carryNow();
  }

  protected override over(): void {
    clearTimeout(this.#carrying);
  }
}

function decoded(text: string): Uint8Array {
  return text === "" || text === "=" ? new Uint8Array(0) : decodeBase64(text);
}
