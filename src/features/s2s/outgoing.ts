import type { Passed } from "#core/federation.ts";
import { encodeBase64 } from "#sasl/encoding.ts";
import { external, externalResponse } from "#sasl/external.ts";
import { StreamError } from "#stream/error.ts";
import { features } from "#stream/stream.ts";
import type { Transport } from "#stream/transport.ts";
import type { Element } from "#xml/element.ts";
import type { Limits } from "#xml/limits.ts";
import { certificateFailure, describeCertificate, judge } from "./certificate.ts";
import { readCondition } from "./dialback.ts";
import { Failure, type Step } from "./failure.ts";
import type { Federation } from "./federation.ts";
import { domainOf, type Pair } from "./pair.ts";
import { PeerStream } from "./peer-stream.ts";
import * as tags from "./tags.ts";
import * as texts from "./texts.ts";

/** What a server may send before stanzas: its features are the largest. */
const whileNegotiating: Limits = { stanzaBytes: 32_768, depth: 16, attributes: 24, elements: 300 };

/**
 * What the connection is made for: stanzas, to ask whether a dialback key is valid (XEP-0220 §2.1.2), or only to see how
 * far it goes, where `authenticates` is false without saying who asks.
 */
export type Task =
  | { readonly kind: "stanzas" }
  | { readonly kind: "look"; readonly authenticates: boolean }
  | { readonly kind: "verify"; readonly id: string; readonly key: string };

/** Told of each step that is taken. */
export type Trail = (passed: Passed) => void;

/** A stream that this server opens to another one, for one pair of domains. */
export class Outgoing extends PeerStream {
  readonly direction = "out";
  id = "";
  readonly pair: Pair;
  readonly #task: Task;
  readonly #trail: Trail;
  readonly #outcome = Promise.withResolvers<boolean>();
  #step: Step = "stream";
  #settled = false;
  #judged = false;
  #triedExternal = false;
  /** An exchange of SASL is under way. */
  #authenticating = false;
  /** A key was sent: an answer before that is somebody else's, as long as nothing is encrypted. */
  #asked = false;
  #proved = false;
  #offersManagement = false;

  constructor(house: Federation, transport: Transport, plan: { pair: Pair; task: Task; trail: Trail }) {
    super(house, transport, whileNegotiating);
    this.pair = plan.pair;
    this.#task = plan.task;
    this.#trail = plan.trail;
  }

  /**
   * Opens the stream. Resolves when stanzas may be sent, or with the answer to the key. @throws Failure naming the step
   */
  open(): Promise<boolean> {
    this.start();
    this.#open();
    return this.#outcome.promise;
  }

  /** Whether somebody is there who has said what is possible, over TLS where that is possible. */
  get greeted(): boolean {
    return this.#step === "authentication";
  }

  /** Gives up, unless all is settled. */
  abandon(failure: Failure): void {
    this.#fail(failure);
  }

  #open(): void {
    const { local: from, remote: to } = this.pair;
    this.stream.reply(this.#task.kind === "look" && !this.#task.authenticates ? { to } : { from, to });
  }

  header(header: Element): void {
    this.heard = Date.now();
    this.id = header.attrs.id ?? "";
    if (header.attrs.version !== undefined) return; // its features follow
    if (this.house.policy.mustEncrypt(this.pair.remote) && !this.secure) {
      return this.#fail(new Failure("tls", texts.notEncrypted(this.pair.remote), "the server is older than XMPP 1.0"));
    }
    this.#go(features());
  }

  protected override negotiate(element: Element): void | Promise<void> {
    if (element.is(features)) return this.#go(element);
    if (element.is(tags.proceed) && this.#step === "tls" && !this.secure) return this.#secure();
    if (element.is(tags.tlsFailure)) {
      return this.#fail(new Failure("tls", texts.notEncrypted(this.pair.remote), "the server refuses STARTTLS"));
    }
    if (element.ns === tags.saslNamespace && this.#authenticating) return this.#sasl(element);
    throw new StreamError("unsupported-stanza-type");
  }

  #go(offered: Element): void {
    this.peerLimit = limitOf(offered) ?? this.peerLimit;
    if (!this.secure && offered.child(tags.startTls) !== undefined && this.stream.transport.startTls) {
      this.#step = "tls";
      return void this.stream.send(tags.startTls());
    }
    if (!this.secure && this.house.policy.mustEncrypt(this.pair.remote)) {
      return this.#fail(new Failure("tls", texts.notEncrypted(this.pair.remote), "the server offers no encryption"));
    }
    if (!this.#judge()) return;
    this.#step = "authentication";
    this.#offersManagement = offered.child(tags.sm) !== undefined;
    if (this.#proved) return this.#manage();
    if (this.#task.kind === "verify") return this.#ask(this.#task);
    const mechanisms = (offered.child(tags.mechanisms)?.all(tags.mechanism) ?? []).map(({ text }) => text);
    const bidirectional = offered.child(tags.bidiFeature) !== undefined;
    const dialback = offered.child(tags.dialbackFeature) !== undefined;
    this.#trail({ step: "stream", mechanisms: mechanisms.filter(isMechanism), dialback, bidirectional });
    if (this.#task.kind === "look" && !this.#task.authenticates) return this.#settle(true);
    if (bidirectional && this.house.settings.bidirectional && this.#task.kind === "stanzas") {
      this.stream.send(tags.bidi());
      this.bidirectional = true;
    }
    if (!mechanisms.includes(external) || this.#triedExternal) return this.#dialback();
    this.#triedExternal = true;
    this.#authenticating = true;
    const identity = encodeBase64(externalResponse(this.pair.local)); // XEP-0178 §3: older peers want it
    this.stream.send(tags.auth({ mechanism: external }, identity));
  }

  async #secure(): Promise<void> {
    try {
      await this.stream.startTls(this.pair.remote);
    } catch (problem) {
      if (problem instanceof StreamError) throw problem;
      return this.#fail(new Failure("tls", texts.notEncrypted(this.pair.remote), "the TLS handshake failed", problem));
    }
    this.#open();
  }

  /** Whether the server's certificate is good enough: once. Without encryption there is none. */
  #judge(): boolean {
    if (this.#judged) return true;
    this.#judged = true;
    const { transport } = this.stream;
    if (this.secure) this.#trail({ step: "tls", version: transport.tls?.version ?? "TLS" });
    const verdict = judge(transport, this.pair.remote);
    if (this.#task.kind === "look") {
      const certificate = describeCertificate(transport, verdict);
      if (certificate !== undefined) this.#trail({ step: "certificate", certificate });
    }
    if (verdict.proves || this.house.policy.dialback(this.pair.remote) === "allowed") return true;
    this.#fail(certificateFailure(verdict, this.pair.remote));
    return false;
  }

  #sasl(element: Element): void {
    if (element.is(tags.challenge)) {
      return void this.stream.send(tags.response({}, encodeBase64(externalResponse(this.pair.local))));
    }
    this.#authenticating = false;
    if (element.is(tags.success)) {
      this.#trail({ step: "authentication", how: "certificate" });
      this.#accepted("certificate");
      this.stream.restart();
      return this.#open();
    }
    if (!element.is(tags.failure)) throw new StreamError("unsupported-stanza-type");
    this.#trail({ step: "authentication", how: "certificate-refused" });
    this.#dialback();
  }

  #dialback(): void {
    const { local, remote } = this.pair;
    if (this.house.policy.dialback(remote) === "never") {
      return this.#fail(new Failure("authentication", texts.notAuthenticated(remote), "certificate not accepted"));
    }
    const key = this.house.keys.make({ receiving: remote, originating: local, stream: this.id });
    this.#asked = true;
    this.stream.send(tags.result({ from: local, to: remote }, key));
  }

  #ask({ id, key }: Task & { kind: "verify" }): void {
    const { local, remote } = this.pair;
    this.#asked = true;
    this.stream.send(tags.verify({ from: local, to: remote, id }, key));
  }

  protected override dialback(element: Element): void | Promise<void> {
    const { type, from, to, id } = element.attrs;
    if (type === undefined) {
      if (!this.bidirectional && element.is(tags.result)) throw new StreamError("unsupported-stanza-type");
      return super.dialback(element);
    }
    if (!this.#asked) throw new StreamError("policy-violation", "Nothing was asked yet");
    const { local, remote } = this.pair;
    if (this.#settled || domainOf(from) !== remote || domainOf(to) !== local) return; // of a request given up
    if (element.is(tags.verify)) {
      if (this.#task.kind === "verify" && id === this.#task.id) this.#answered(type, element);
    } else if (this.#task.kind !== "verify") this.#judgedThere(type, element);
  }

  #answered(type: string, element: Element): void {
    if (type === "valid" || type === "invalid") return this.#settle(type === "valid");
    const condition = readCondition(element);
    const told = condition === "item-not-found" ? texts.noService : texts.notAuthenticated;
    this.#fail(new Failure("authentication", told(this.pair.remote), `the key was not checked: ${condition}`));
  }

  #judgedThere(type: string, element: Element): void {
    const { remote } = this.pair;
    if (type === "valid") {
      this.#trail({ step: "authentication", how: "dialback" });
      this.#accepted("dialback");
      return this.#manage();
    }
    if (type === "invalid") {
      return this.#fail(new Failure("authentication", texts.keyInvalid(remote), "dialback: the key was found invalid"));
    }
    const condition = readCondition(element);
    const told = condition === "item-not-found" ? texts.noService(remote) : refusals(condition, remote);
    this.#fail(new Failure("authentication", told, `dialback: ${condition}`));
  }

  /** The server believes us. One that may send here, too, may do so at once (XEP-0288 §2.2). */
  #accepted(how: "certificate" | "dialback"): void {
    this.authentication = how;
    this.#proved = true;
    if (this.bidirectional) this.admit(this.pair, how);
  }

  #manage(): void {
    if (this.#offersManagement && this.#task.kind === "stanzas") return void this.stream.send(tags.enable());
    this.#settle(true);
  }

  protected override manage(element: Element): void {
    if (this.#settled || !this.#proved) return super.manage(element);
    if (element.is(tags.enabled)) this.counting();
    else if (!element.is(tags.failed)) return super.manage(element);
    this.#settle(true);
  }

  override proved(pair: Pair): void {
    this.carry(pair);
  }

  #settle(value: boolean): void {
    this.#settled = true;
    this.#outcome.resolve(value);
  }

  #fail(failure: Failure): void {
    if (this.#settled) return;
    this.#reject(failure);
    this.stream.close();
  }

  #reject(failure: Failure): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#outcome.reject(failure);
  }

  protected override streamError(element: Element): void {
    const condition = element.elements[0]?.name ?? "undefined-condition";
    const detail = `the server closed the stream: ${condition}`;
    const { remote } = this.pair;
    if (condition === "host-unknown" || condition === "host-gone") {
      this.#fail(new Failure("authentication", texts.noService(remote), detail));
    } else this.#fail(new Failure(this.#step, refusals(condition, remote), detail));
    super.streamError(element);
  }

  override refused(error: StreamError): void {
    super.refused(error);
    const detail = `the server broke a rule: ${error.message}`;
    this.#reject(new Failure(this.#step, texts.notAuthenticated(this.pair.remote), detail)); // the stream closes with it
  }

  protected override over(why: string): void {
    const told = this.#step === "tls" ? texts.notEncrypted : texts.noConnection;
    this.#reject(new Failure(this.#step, told(this.pair.remote), `the connection ended: ${why}`));
  }
}

/** Whether a text is the name of a mechanism (RFC 4422 §3.1): operators are shown nothing else. */
function isMechanism(text: string): boolean {
  return /^[A-Z0-9_-]{1,20}$/.test(text);
}

/** What a server's refusal means for who wants to send. */
function refusals(condition: string, domain: string): texts.Told {
  const final = ["policy-violation", "not-authorized", "not-allowed", "forbidden"].includes(condition);
  return final ? texts.refusedThere(domain) : texts.notAuthenticated(domain);
}

function limitOf(offered: Element): number | undefined {
  const text = offered.child(tags.limits)?.child(tags.maxBytes)?.text ?? "";
  return /^\d{4,10}$/.test(text) ? Number(text) : undefined;
}
