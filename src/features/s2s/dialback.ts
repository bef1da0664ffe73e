import { background } from "#core/log.ts";
import { StanzaError } from "#stanza/error.ts";
import { client, stanzaErrors } from "#stanza/namespaces.ts";
import { StreamError } from "#stream/error.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { judge } from "./certificate.ts";
import { Failure } from "./failure.ts";
import { domainOf, keyOf, type Pair } from "./pair.ts";
import type { PeerStream } from "./peer-stream.ts";
import * as tags from "./tags.ts";

/** Requests on one stream that are being checked at the same time, and pairs that one stream may carry. */
const mostPending = 10;
const mostPairs = 200;
/** Of a key, in characters. */
const longestKey = 1024;

const error = tag(client, "error");

/** The conditions of XEP-0220 §2.5. */
type DialbackCondition =
  | "forbidden"
  | "item-not-found"
  | "not-authorized"
  | "policy-violation"
  | "remote-connection-failed"
  | "remote-server-not-found"
  | "remote-server-timeout"
  | "resource-constraint";

/** The requests of one peer to be believed (XEP-0220 §2.2.1): by its certificate, or by asking its domain back. */
export class DialbackRequests {
  readonly #stream: PeerStream;
  readonly #pending = new Set<string>();

  constructor(stream: PeerStream) {
    this.#stream = stream;
  }

  take(element: Element): void {
    const { house, secure } = this.#stream;
    const pair = pairOf(element);
    if (house.hosted(pair.remote)) throw new StreamError("invalid-from", "That domain is served here");
    if (!secure && house.policy.mustEncrypt(pair.remote)) return this.#refuse(pair, "policy-violation");
    if (!house.hosted(pair.local)) return this.#refuse(pair, "item-not-found");
    if (house.policy.refusal(pair.remote) !== undefined) return this.#refuse(pair, "policy-violation");
    if (!house.roomFor(pair.remote, this.#stream)) return this.#refuse(pair, "resource-constraint");
    const key = keyOf(pair);
    const { receives } = this.#stream;
    if (receives.size >= mostPairs && !receives.has(key)) return this.#refuse(pair, "resource-constraint");
    if (judge(this.#stream.stream.transport, pair.remote).proves) return this.#accept(pair, "certificate");
    if (house.policy.dialback(pair.remote) === "never") return this.#refuse(pair, "not-authorized");
    if (this.#pending.has(key)) return;
    if (this.#pending.size >= mostPending || element.text.length > longestKey)
      return this.#refuse(pair, "resource-constraint");
    this.#pending.add(key);
    background(
      house.log,
      this.#check(pair, element.text.trim()).finally(() => this.#pending.delete(key)),
    );
  }

  /** Asks the domain whether the key is its own. */
  async #check(pair: Pair, key: string): Promise<void> {
    const { house, id } = this.#stream;
    try {
      const valid = await house.verify(pair, { id, key }, this.#stream.network);
      if (!this.#stream.stream.opened) return;
      if (valid) return this.#accept(pair, "dialback");
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      house.log.info("dialback failed", { domain: pair.remote, step: problem.step, why: problem.message });
      return this.#refuse(pair, conditionOf(problem));
    }
    house.log.warn("a server claims a domain that does not know of it", {
      ...this.#stream.described,
      domain: pair.remote,
    });
    if (this.#stream.pairs.length > 0) return this.#refuse(pair, "forbidden");
    this.#answer(pair, "invalid");
    this.#stream.stream.close(); // §2.2.1: no other pair is valid
  }

  #accept(pair: Pair, how: "certificate" | "dialback"): void {
    this.#stream.admit(pair, how);
    this.#answer(pair, "valid");
    this.#stream.proved(pair, how);
  }

  #refuse(pair: Pair, condition: DialbackCondition): void {
    this.#stream.house.server.metrics.count("s2s_dialback_refused", condition);
    this.#stream.stream.send(refusal(tags.result, pair, condition));
  }

  #answer({ local, remote }: Pair, type: "valid" | "invalid"): void {
    this.#stream.stream.send(tags.result({ from: local, to: remote, type }));
  }
}

/** Answers whether a key was made here (XEP-0220 §2.2.2). */
export function answerDialback(element: Element, { house, stream, secure }: PeerStream): void {
  const pair = pairOf(element);
  const { id } = element.attrs;
  if (id === undefined) throw new StreamError("improper-addressing", "A key is checked for the id of a stream");
  if (!secure && house.policy.mustEncrypt(pair.remote)) {
    return void stream.send(refusal(tags.verify, pair, "policy-violation", id));
  }
  if (!house.hosted(pair.local)) return void stream.send(refusal(tags.verify, pair, "item-not-found", id));
  const purpose = { receiving: pair.remote, originating: pair.local, stream: id };
  const type = house.keys.fits(element.text.trim(), purpose) ? "valid" : "invalid";
  stream.send(tags.verify({ from: pair.local, to: pair.remote, id, type }));
}

function pairOf(element: Element): Pair {
  const remote = domainOf(element.attrs.from);
  const local = domainOf(element.attrs.to);
  if (remote === undefined || local === undefined) throw new StreamError("improper-addressing");
  return { local, remote };
}

function refusal(name: Tag, { local, remote }: Pair, condition: DialbackCondition, id?: string): Element {
  const attrs = { from: local, to: remote, id, type: "error" };
  return name(attrs, error({ type: "cancel" }, tag(stanzaErrors, condition)()));
}

function conditionOf({ step, condition }: Failure): DialbackCondition {
  if (step === "certificate") return "not-authorized";
  if (condition === "remote-server-not-found") return "remote-server-not-found";
  return step === "connection" || step === "dns" ? "remote-connection-failed" : "remote-server-timeout";
}

/** The condition of a dialback error, as a peer gave it. */
export function readCondition(element: Element): string {
  return (
    element.child(error)?.elements.find(({ ns }) => ns === stanzaErrors)?.name ??
    new StanzaError("undefined-condition").condition
  );
}
