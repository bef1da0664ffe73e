import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { address, flag, line } from "#stanza/field.ts";
import { form, formIn, formTypeOf } from "#stanza/form.ts";
import { body, type Message, message, Stanza } from "#stanza/stanza.ts";
import { languageOf, type Text } from "#stanza/text.ts";
import { assign, assignmentQueries, checkReservation } from "./affiliates.ts";
import { atLeast } from "./affiliations.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";

const formType = "http://jabber.org/protocol/muc#register";
/** Requests of one room that wait. */
const mostWaiting = 200;
/** Owners and admins who are asked. */
const mostAsked = 20;

const approval = form(formType, {
  title: { en: "Registration request", fr: "Demande d'inscription" },
  instructions: [
    {
      en: "Somebody wants to become a member of this room.",
      fr: "Quelqu'un souhaite devenir membre de ce salon.",
    },
  ],
  fields: {
    "muc#jid": address({ en: "Address", fr: "Adresse" }),
    "muc#register_roomnick": line({ en: "Desired nickname", fr: "Pseudonyme souhaité" }),
    "muc#register_allow": flag({
      en: "Allow this person to register with the room?",
      fr: "Accepter l'inscription de cette personne ?",
    }),
  },
});

/** Requests to register that wait for an admin of the room, where the room is so configured (XEP-0045 §9.9). */
export class Approvals {
  readonly #service: RoomService;
  /** Nicknames by bare JID. */
  readonly #waiting = new WeakMap<Room, Map<string, { readonly jid: Jid; readonly nick: string }>>();

  constructor(service: RoomService) {
    this.#service = service;
  }

  /** Asks those who decide. @throws StanzaError `resource-constraint` */
  ask(room: Room, jid: Jid, nick: string): void {
    const waiting = this.#waiting.get(room) ?? new Map<string, { jid: Jid; nick: string }>();
    const again = waiting.get(jid.toString());
    if (again === undefined && waiting.size >= mostWaiting) throw new StanzaError("resource-constraint", tooMany);
    waiting.set(jid.toString(), { jid, nick });
    this.#waiting.set(room, waiting);
    if (again?.nick === nick) return; // they have been asked
    const { host } = this.#service;
    const lang = room.config.language;
    const shown = approval.show({ "muc#jid": jid, "muc#register_roomnick": nick, "muc#register_allow": false }, lang);
    const content = message({}, body({}, asking(room, jid, nick)[languageOf(lang)]), shown);
    const deciders = [...room.listOf("owner"), ...room.listOf("admin")].slice(0, mostAsked);
    for (const decider of deciders) host.send(Stanza.of("message", content, room.jid, decider.jid));
  }

  /** Whether the message was a decision. @throws StanzaError `forbidden`, `item-not-found`, `conflict` */
  take(room: Room, { element, from }: Message): boolean | Promise<boolean> {
    const submitted = formIn(element);
    if (submitted === undefined || formTypeOf(submitted) !== formType) return false;
    if (!atLeast(room.affiliationOf(from), "admin")) throw new StanzaError("forbidden", adminsOnly);
    const { "muc#jid": jid, "muc#register_allow": allow = false } = approval.read(submitted);
    const waiting = jid && this.#waiting.get(room)?.get(jid.bare.toString());
    if (waiting === undefined) throw new StanzaError("item-not-found", nobody);
    return room.change(() => this.#decide(room, waiting, allow)).then(() => true);
  }

  async #decide(room: Room, one: { readonly jid: Jid; readonly nick: string }, allow: boolean): Promise<void> {
    const service = this.#service;
    if (room.destroyed) throw new StanzaError("item-not-found");
    const { jid, nick } = one;
    const forget = () => this.#waiting.get(room)?.delete(jid.toString());
    if (!allow) {
      forget();
      const text = declined(room)[languageOf(room.config.language)];
      service.host.send(Stanza.of("message", message({}, body({}, text)), room.jid, jid));
      return;
    }
    if (room.affiliationOf(jid) === "none") {
      checkReservation(room, jid, nick);
      const assignments = [{ jid, affiliation: "member", nick, reason: "" } as const];
      await service.store.now(...assignmentQueries(room, assignments));
      assign(service, room, assignments, {});
    }
    forget();
  }
}

function asking(room: Room, jid: Jid, nick: string): Text {
  return {
    en: `${jid} wants to become a member of the room “${room.name}” as “${nick}”.`,
    fr: `${jid} souhaite devenir membre du salon « ${room.name} » sous le pseudonyme « ${nick} ».`,
  };
}

function declined(room: Room): Text {
  return {
    en: `Your request to become a member of the room “${room.name}” has been declined.`,
    fr: `Votre demande d'inscription au salon « ${room.name} » a été refusée.`,
  };
}

const adminsOnly = {
  en: "Only administrators and owners of the room decide about this.",
  fr: "Seuls les administrateurs et propriétaires du salon en décident.",
};
const nobody = {
  en: "Nobody is waiting for this decision.",
  fr: "Personne n'attend cette décision.",
};
const tooMany = {
  en: "Too many people are waiting to be registered with this room. Try again later.",
  fr: "Trop de personnes attendent leur inscription à ce salon. Réessayez plus tard.",
};
