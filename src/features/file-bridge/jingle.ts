import { handled, type Outcome } from "#core/hooks.ts";
import type { Server } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { LocalSession } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Iq } from "#stanza/stanza.ts";
import { type Element, type Node, tag } from "#xml/element.ts";
import type { Bridge } from "./bridge.ts";
import { largestBlock } from "./in-band.ts";
import {
  isJingleOffer,
  type JingleOffer,
  type JingleTransport,
  readJingleOffer,
  readTransport,
} from "./jingle-offer.ts";
import type { Questions } from "./questions.ts";
import type { Recipients } from "./recipients.ts";
import { content, jingle, jingleInBand, jingleNamespace, jingleSocks } from "./tags.ts";
import { incomplete, type Parties, type Transfer } from "./transfer.ts";

const socksTransport = tag(jingleSocks, "transport");
const inBandTransport = tag(jingleInBand, "transport");
const candidate = tag(jingleSocks, "candidate");
const candidateUsed = tag(jingleSocks, "candidate-used");
const candidateError = tag(jingleSocks, "candidate-error");
const reason = tag(jingleNamespace, "reason");
const success = tag(jingleNamespace, "success");
const failed = tag(jingleNamespace, "failed-application");

/** Most candidates that are looked at. */
const mostCandidates = 50;
/** How long the answer to something the responder says is waited for, in milliseconds. */
const patienceMs = 60_000;

/** A Jingle session in which the server is the responder. */
interface Session {
  readonly parties: Parties;
  readonly offer: JingleOffer;
  transfer: Transfer | undefined;
}

/** Takes files that are offered by Jingle (XEP-0234), in the place of their receivers. */
export class JingleDesk {
  readonly #server: Server;
  readonly #bridge: Bridge;
  readonly #questions: Questions;
  readonly #sessions = new Map<string, Session>();

  constructor(server: Server, bridge: Bridge, questions: Questions) {
    this.#server = server;
    this.#bridge = bridge;
    this.#questions = questions;
  }

  take(iq: Iq, payload: Element, origin: LocalSession | undefined, recipients: Recipients): Outcome | Promise<Outcome> {
    const session = this.#sessions.get(keyOf(iq.from, iq.to, payload.attrs.sid));
    if (session !== undefined) return this.#act(session, iq, payload);
    if (origin === undefined || !isJingleOffer(payload) || !this.#bridge.leads(origin)) return;
    const found = recipients(iq.to, "jingle", origin);
    if (!(found instanceof Promise))
      return found && this.#accept(iq, payload, { session: origin, target: iq.to, ...found });
    return found.then((one) => one && this.#accept(iq, payload, { session: origin, target: iq.to, ...one }));
  }

  /** XEP-0234 §6.1. @throws StanzaError */
  async #accept(iq: Iq, payload: Element, parties: Parties): Promise<Outcome> {
    const offer = readJingleOffer(payload);
    const session: Session = { parties, offer, transfer: undefined };
    const { transport, content: offered, description, file } = offer;
    session.transfer = await this.#bridge.add(parties, transport.sid, file, {
      // Later, so that the last block is acknowledged first.
      stored: () => void setImmediate(() => this.#done(session)),
      failed: () => this.#end(session, failed()),
    });
    this.#sessions.set(keyOf(iq.from, iq.to, offer.sid), session);
    this.#reply(iq);
    const accepted = offered.holding(description, answerTo(transport));
    this.#send(session, "session-accept", accepted);
    if (transport.element.is(socksTransport)) this.#choose(session, transport);
    return handled;
  }

  /** XEP-0260 §2.3: our own proxy, or nothing. */
  #choose(session: Session, { element, sid }: JingleTransport): void {
    const { transfer } = session;
    const candidates = element.all(candidate).slice(0, mostCandidates);
    const used = candidates.find(
      ({ attrs }) => attrs.type === "proxy" && transfer && this.#bridge.joins(transfer, attrs.jid ?? ""),
    );
    const choice = used === undefined ? candidateError() : candidateUsed({ cid: used.attrs.cid });
    this.#send(session, "transport-info", this.#contentOf(session, socksTransport({ sid }, choice)));
  }

  /** What the initiator says in a session. @throws StanzaError */
  #act(session: Session, iq: Iq, payload: Element): Outcome {
    switch (payload.attrs.action) {
      case "session-terminate":
        this.#reply(iq);
        this.#forget(session);
        session.transfer?.fail(incomplete());
        return handled;
      case "transport-replace":
        this.#reply(iq);
        this.#replace(session, readTransport(payload));
        return handled;
      case "transport-info":
      case "session-info":
        this.#reply(iq);
        return handled;
      default:
        throw new StanzaError("feature-not-implemented");
    }
  }

  /** XEP-0260 §3: where SOCKS5 does not lead anywhere, the file comes in-band. */
  #replace(session: Session, transport: JingleTransport | undefined): void {
    const { transfer } = session;
    const fits = transport?.element.is(inBandTransport) === true && transfer !== undefined && !transfer.hasBegun;
    if (!fits || !this.#bridge.transfers.move(transfer, transport.sid)) {
      this.#send(session, "transport-reject", this.#contentOf(session, ...(transport ? [transport.element] : [])));
      return;
    }
    this.#send(session, "transport-accept", this.#contentOf(session, answerTo(transport)));
  }

  /** XEP-0234 §8.2: it has arrived. */
  #done(session: Session): void {
    const { description, content: offered } = session.offer;
    const received = tag(description.ns, "received")({ creator: "initiator", name: offered.attrs.name });
    this.#send(session, "session-info", received);
    this.#end(session, success());
  }

  #end(session: Session, why: Element): void {
    if (this.#forget(session)) this.#send(session, "session-terminate", reason({}, why));
  }

  /** False: it is forgotten already. */
  #forget({ parties, offer }: Session): boolean {
    return this.#sessions.delete(keyOf(parties.session.jid, parties.target, offer.sid));
  }

  #contentOf({ offer }: Session, ...inside: Node[]): Element {
    const { creator = "initiator", name, senders = "initiator" } = offer.content.attrs;
    return content({ creator, name, senders }, ...inside);
  }

  #reply(iq: Iq): void {
    void this.#server.router.route({ stanza: iq.reply() });
  }

  /** Something that the responder says. */
  #send(session: Session, action: string, ...inside: Node[]): void {
    const { parties, offer } = session;
    const { target } = parties;
    const initiator = action === "session-accept" ? undefined : parties.session.jid.toString();
    const responder = action === "session-accept" ? target.toString() : undefined;
    const payload = jingle({ action, sid: offer.sid, initiator, responder }, ...inside);
    // Whoever refuses what the responder says gives up; whoever does not answer is given up by the limits in time.
    const asked = this.#questions.ask(target, parties.session.jid, payload, patienceMs).catch((problem) => {
      if (!(problem instanceof StanzaError)) throw problem;
      if (problem.condition !== "remote-server-timeout") session.transfer?.fail(incomplete());
    });
    background(this.#server.log, asked);
  }
}

/** The same transport, with nothing of our own to offer; blocks as large as we take them. */
function answerTo({ element, sid }: JingleTransport): Element {
  if (element.is(socksTransport)) return socksTransport({ sid });
  const size = element.attrs["block-size"] ?? "";
  const blockSize = /^\d{1,6}$/.test(size) ? Math.max(1, Math.min(Number(size), largestBlock)) : 4096;
  return inBandTransport({ sid, "block-size": `${blockSize}`, stanza: element.attrs.stanza });
}

function keyOf(from: Jid, to: Jid, sid = ""): string {
  return `${from} ${to} ${sid}`;
}
