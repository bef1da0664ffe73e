import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import type { Packet } from "#core/packet.ts";
import type { LocalSession } from "#core/session.ts";
import { discoInfo } from "#features/disco/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, isRequest, type Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import type { Bridge } from "./bridge.ts";
import type { JingleDesk } from "./jingle.ts";
import { acceptance, isOffer, readOffer } from "./offer.ts";
import { isStrict } from "./old-clients.ts";
import type { Questions } from "./questions.ts";
import type { Recipient, Recipients } from "./recipients.ts";
import {
  bytestreams,
  data,
  fileProfile,
  inBand,
  initiation,
  jingleFiles,
  jingleInBand,
  jingleNamespace,
  jingleSocks,
  query,
  si,
  streamhost,
  streamhostUsed,
} from "./tags.ts";
import { noProxyOfOurs } from "./texts.ts";

const info = tag(discoInfo, "query");
const identity = tag(discoInfo, "identity");
const feature = tag(discoInfo, "feature");

/** Most streamhosts of an offer that are looked at. */
const mostStreamhosts = 20;

interface DeskParts {
  readonly recipients: Recipients;
  readonly jingle: JingleDesk;
  readonly questions: Questions;
}

/** Answers those who send files to somebody at a host who cannot take them. */
export class Desk {
  readonly #host: Host;
  readonly #bridge: Bridge;
  readonly #parts: DeskParts;

  constructor(host: Host, bridge: Bridge, parts: DeskParts) {
    this.#host = host;
    this.#bridge = bridge;
    this.#parts = parts;
  }

  take({ stanza, origin }: Packet): Outcome | Promise<Outcome> {
    if (stanza.is("iq")) return this.#request(stanza, origin);
    if (!stanza.is("message") || stanza.type === "error" || this.#bridge.transfers.size === 0) return;
    const block = stanza.element.child(data);
    if (block !== undefined) return this.#inBand(stanza, block);
  }

  #request(iq: Iq, origin: LocalSession | undefined): Outcome | Promise<Outcome> {
    if (!isRequest(iq)) return this.#parts.questions.answered(iq) ? handled : undefined;
    const payload = iq.payload!;
    switch (payload.ns) {
      case initiation:
        return origin && isOffer(payload) ? this.#offer(iq, payload, origin) : undefined;
      case bytestreams:
        return payload.is(query) ? this.#streamhosts(iq, payload) : undefined;
      case inBand:
        return this.#inBand(iq, payload);
      case jingleNamespace:
        return this.#parts.jingle.take(iq, payload, origin, this.#parts.recipients);
      case discoInfo:
        return origin && payload.attrs.node === undefined ? this.#describe(iq, origin) : undefined;
    }
  }

  /** XEP-0095 §3.2. @throws StanzaError */
  #offer(iq: Iq, payload: Element, session: LocalSession): Outcome | Promise<Outcome> {
    if (!this.#bridge.leads(session)) return;
    const found = this.#parts.recipients(iq.to, "si", session);
    if (!(found instanceof Promise)) return found && this.#accept(iq, payload, { session, target: iq.to, ...found });
    return found.then((one) => one && this.#accept(iq, payload, { session, target: iq.to, ...one }));
  }

  async #accept(iq: Iq, payload: Element, parties: Parameters<Bridge["add"]>[0]): Promise<Outcome> {
    const { sid, file, methods } = readOffer(payload);
    const proxied = this.#bridge.proxyAt(parties.session.jid.domain) !== undefined;
    const method = methods.find((one) => one !== bytestreams || proxied);
    if (method === undefined) throw new StanzaError("bad-request", noProxyOfOurs, { type: "cancel" });
    await this.#bridge.add(parties, sid, file);
    this.#host.send(iq.reply(acceptance(method)));
    return handled;
  }

  /** XEP-0065 §6.3: of the streamhosts only our own proxy is used; nobody makes this server connect anywhere. */
  #streamhosts(iq: Iq, payload: Element): Outcome {
    const { sid = "" } = payload.attrs;
    const transfer = this.#bridge.transfers.find(iq.from, iq.to, sid);
    if (transfer === undefined) return;
    const offered = payload.all(streamhost).slice(0, mostStreamhosts);
    const used = offered.map(({ attrs }) => attrs.jid ?? "").find((jid) => this.#bridge.joins(transfer, jid));
    if (used === undefined) throw new StanzaError("item-not-found", noProxyOfOurs);
    this.#host.send(iq.reply(query({ sid }, streamhostUsed({ jid: used }))));
    return handled;
  }

  #inBand(stanza: Stanza, payload: Element): Outcome | Promise<Outcome> {
    const taken = this.#bridge.inBand.take(stanza.from, stanza.to, payload);
    const answer = (done: boolean): Outcome => {
      if (!done) return;
      if (stanza.is("iq")) this.#host.send(stanza.reply());
      return handled;
    };
    return taken instanceof Promise ? taken.then(answer) : answer(taken);
  }

  /** Clients ask what somebody can take before they offer anything. */
  #describe(iq: Iq, session: LocalSession): Outcome | Promise<Outcome> {
    if (iq.type !== "get" || iq.to.isBare || this.#host.where !== "accounts") return;
    if (this.#host.sessions.find(iq.to) !== undefined && !isStrict(session)) return;
    if (!this.#bridge.leads(session)) return;
    const found = this.#parts.recipients(iq.to, "si", session);
    const answer = (one: Recipient | undefined): Outcome => {
      if (one === undefined) return;
      this.#host.send(iq.reply(description(one.features ?? [])));
      return handled;
    };
    return found instanceof Promise ? found.then(answer) : answer(found);
  }
}

/** What the server takes in the place of others. */
const taken: readonly string[] = [
  discoInfo,
  si.ns,
  fileProfile,
  bytestreams,
  inBand,
  jingleNamespace,
  ...jingleFiles,
  jingleSocks,
  jingleInBand,
];

/** What a client and the server in its place can together. */
function description(features: Iterable<string>): Element {
  const all = [...new Set([...features, ...taken])];
  return info({}, identity({ category: "client", type: "pc" }), ...all.map((namespace) => feature({ var: namespace })));
}
