import type { LocalSession } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { address, flag, line } from "#stanza/field.ts";
import { form, formIn, formTypeOf } from "#stanza/form.ts";
import { type Message, message, Stanza } from "#stanza/stanza.ts";
import { throwRefusal } from "./affiliates.ts";
import { refuseRole } from "./affiliations.ts";
import { deliver } from "./deliver.ts";
import { notThere } from "./messages.ts";
import { nickKey } from "./names.ts";
import { Rates } from "./rates.ts";
import { changeRole } from "./roles.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";

const formType = "http://jabber.org/protocol/muc#request";

const approval = form(formType, {
  title: { en: "Request for voice", fr: "Demande de parole" },
  instructions: [
    {
      en: "Somebody who may only read in this room asks to speak.",
      fr: "Quelqu'un qui ne peut que lire dans ce salon demande la parole.",
    },
  ],
  fields: {
    "muc#role": line({ en: "Requested role", fr: "Rôle demandé" }),
    "muc#jid": address({ en: "Address", fr: "Adresse" }),
    "muc#roomnick": line({ en: "Nickname", fr: "Pseudonyme" }),
    "muc#request_allow": flag({ en: "Grant voice to this person?", fr: "Donner la parole à cette personne ?" }),
  },
});

/** Visitors ask for voice, moderators grant it (XEP-0045 §7.13, §8.6). */
export class VoiceRequests {
  readonly #service: RoomService;
  readonly #rates: Rates<string>;

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings.invitations);
  }

  /** Whether the message was one. @throws StanzaError `not-acceptable`, `forbidden`, `item-not-found` */
  take(room: Room, stanza: Message): boolean {
    const submitted = formIn(stanza.element);
    if (submitted === undefined || formTypeOf(submitted) !== formType) return false;
    const seat = room.seat(stanza.from);
    if (seat === undefined) throw new StanzaError("not-acceptable", notThere);
    const values = approval.read(submitted);
    if (values["muc#request_allow"] !== undefined) {
      if (values["muc#request_allow"]) this.#grant(room, stanza, values["muc#roomnick"] ?? "");
      else if (seat.occupant.role !== "moderator") throw new StanzaError("forbidden");
      return true;
    }
    if (seat.occupant.role !== "visitor" || values["muc#role"] !== "participant") {
      throw new StanzaError("not-acceptable", nothingToAsk);
    }
    if (!this.#rates.take(stanza.from.toString()))
      throw new StanzaError("policy-violation", tooOften, { type: "wait" });
    this.#ask(room, stanza);
    return true;
  }

  #ask(room: Room, { from }: Message): void {
    const { host } = this.#service;
    const values = {
      "muc#role": "participant",
      "muc#jid": from,
      "muc#roomnick": room.seat(from)!.occupant.jid.resource,
      "muc#request_allow": false,
    };
    for (const { jid, occupant } of room.occupants.seats) {
      if (occupant.role !== "moderator") continue;
      const lang = languageOfClient(this.#service, jid);
      deliver(host, Stanza.of("message", message({}, approval.show(values, lang)), room.jid, jid));
    }
  }

  #grant(room: Room, { from }: Message, nick: string): void {
    const occupant = room.occupants.named(nickKey(nick));
    const actor = room.standingOf(from);
    if (occupant === undefined) {
      throwRefusal(refuseRole(actor, { affiliation: "none", role: "visitor" }, "participant"));
      throw new StanzaError("item-not-found");
    }
    const target = { affiliation: room.affiliationOf(occupant.account), role: occupant.role };
    throwRefusal(refuseRole(actor, target, "participant"));
    if (occupant.role === "visitor") changeRole(this.#service, room, occupant, { role: "participant" });
  }
}

/** The language of a client of ours. */
function languageOfClient({ host }: RoomService, jid: Jid): string | undefined {
  const session = host.server.router.hosts.get(jid.domain)?.sessions.find(jid);
  return session !== undefined && "lang" in session ? (session as LocalSession).lang : undefined;
}

const nothingToAsk = {
  en: "Only those who may not speak can ask for voice.",
  fr: "Seuls ceux qui n'ont pas la parole peuvent la demander.",
};
const tooOften = {
  en: "You have asked too often. Wait a moment.",
  fr: "Vous avez demandé trop souvent. Attendez un instant.",
};
