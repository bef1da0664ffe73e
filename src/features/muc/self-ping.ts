import { handled, type Outcome } from "#core/hooks.ts";
import { background } from "#core/log.ts";
import type { Packet } from "#core/packet.ts";
import { discoInfo, discoItems } from "#features/disco/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, isRequest, Stanza } from "#stanza/stanza.ts";
import { tag } from "#xml/element.ts";
import { nickKey } from "./names.ts";
import { Rates } from "./rates.ts";
import type { RoomService } from "./service.ts";

const ping = tag("urn:xmpp:ping", "ping");
const vCard = tag("vcard-temp", "vCard");
const pubsub = tag("http://jabber.org/protocol/pubsub", "pubsub");

/** Says that self-pings are answered by the room (XEP-0410 §3.3). */
export const selfPing = "http://jabber.org/protocol/muc#self-ping-optimization";

/** IQs to occupants: a room answers pings to oneself (XEP-0410) and passes others on (XEP-0045 §17.4). */
export class Requests {
  readonly #service: RoomService;
  readonly #rates: Rates<string>;

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings.rate * 4);
  }

  /** @throws StanzaError `not-acceptable` to who is not in the room, `item-not-found` */
  take(packet: Packet): Outcome {
    const iq = packet.stanza as Iq;
    if (!isRequest(iq) || iq.to.isBare || iq.to.local === "") return;
    const { host, rooms } = this.#service;
    const room = rooms.get(iq.to);
    const seat = room?.seat(iq.from);
    if (room === undefined || seat === undefined) {
      const { ns } = iq.payload!;
      throw new StanzaError(ns === discoInfo || ns === discoItems ? "bad-request" : "not-acceptable", notThere); // §6.6
    }
    const target = room.occupants.named(nickKey(iq.to.resource));
    if (target === undefined) throw new StanzaError("item-not-found", nobody);
    const payload = iq.payload!;
    if (target === seat.occupant && payload.is(ping)) {
      host.send(iq.reply());
      return handled;
    }
    if (!this.#rates.take(iq.from.toString())) throw new StanzaError("policy-violation", undefined, { type: "wait" });
    // What the person's server knows is asked there: a client need not be able to answer for it.
    const known = payload.is(vCard) || payload.is(pubsub);
    if (known && iq.type === "set") throw new StanzaError("forbidden");
    const to = known ? target.account : target.seats.at(-1)!.jid;
    background(host.log, this.#pass(packet, Stanza.of("iq", iq.element, seat.occupant.jid, to)));
    return handled;
  }

  /**
   * §17.4 rule 3: neither learns the address of the other. Nobody waits for it: who asks may be who is to answer, and
   * what a client sends is handled one after the other.
   */
  async #pass(packet: Packet, question: Iq): Promise<void> {
    const { host } = this.#service;
    try {
      const answer = await host.ask(question);
      host.send((packet.stanza as Iq).reply(...answer.element.children));
    } catch (problem) {
      await host.server.router.bounce(packet, problem);
    }
  }
}

const notThere = {
  en: "You are not in this room.",
  fr: "Vous n'êtes pas dans ce salon.",
};
const nobody = {
  en: "Nobody in the room has this nickname.",
  fr: "Personne dans le salon ne porte ce pseudonyme.",
};
