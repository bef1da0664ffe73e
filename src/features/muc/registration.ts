import { StanzaError } from "#stanza/error.ts";
import { line } from "#stanza/field.ts";
import { form, formIn, isCancelled } from "#stanza/form.ts";
import type { Iq } from "#stanza/stanza.ts";
import { languageOf } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import { checkReservation, settle } from "./affiliates.ts";
import type { Approvals } from "./approvals.ts";
import { nickKey, readNick } from "./names.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";

const namespace = "jabber:iq:register";
const query = tag(namespace, "query");
const instructions = tag(namespace, "instructions");
const registered = tag(namespace, "registered");
const username = tag(namespace, "username");
const removal = tag(namespace, "remove");

const registration = form("http://jabber.org/protocol/muc#register", {
  title: { en: "Registration with the room", fr: "Inscription au salon" },
  fields: {
    "muc#register_roomnick": line(
      { en: "Nickname to reserve", fr: "Pseudonyme à réserver" },
      { required: true, longest: 1023 },
    ),
  },
});

const invitation = {
  en: "Choose the nickname that will be yours in this room.",
  fr: "Choisissez le pseudonyme qui vous sera réservé dans ce salon.",
};

/** People become members of a room, with a nickname of their own (XEP-0045 §7.10). */
export function answerRegistration(service: RoomService, approvals: Approvals): void {
  const { host, rooms } = service;
  host.iq("get", query, "account", (iq, _payload, origin) => {
    const room = rooms.existing(iq.to);
    const own = room.affiliated.get(iq.from.bare.toString());
    if (own !== undefined && own.affiliation !== "outcast") return query({}, registered(), username({}, own.nick));
    checkOpen(room, iq);
    const lang = iq.lang ?? origin?.lang;
    return query({}, instructions({}, invitation[languageOf(lang)]), registration.show({}, lang));
  });
  host.iq("set", query, "account", async (iq, payload) => {
    const room = rooms.existing(iq.to);
    if (payload.child(removal)) return room.change(() => withdraw(service, room, iq, approvals));
    const submitted = formIn(payload);
    if (submitted === undefined) throw new StanzaError("bad-request");
    if (isCancelled(submitted)) return;
    return room.change(() => register(service, room, iq, { submitted, approvals }));
  });
}

interface Request {
  readonly submitted: Element;
  readonly approvals: Approvals;
}

async function register(service: RoomService, room: Room, iq: Iq, { submitted, approvals }: Request): Promise<void> {
  if (room.destroyed) throw new StanzaError("item-not-found");
  const jid = iq.from.bare;
  const own = room.affiliated.get(jid.toString());
  if (own === undefined || own.affiliation === "outcast") checkOpen(room, iq);
  const asked = registration.read(submitted)["muc#register_roomnick"] ?? "";
  const nick = readNick(asked, service.settings.nickname);
  await service.looks.checkNick(nick.text, jid);
  checkReservation(room, jid, nick.text);
  const present = room.occupants.named(nickKey(nick.text));
  if (present !== undefined && !present.account.equals(jid)) throw new StanzaError("conflict", taken);
  const affiliation = own === undefined || own.affiliation === "outcast" ? "member" : own.affiliation;
  if (own === undefined && room.affiliated.size >= service.settings.affiliations) {
    throw new StanzaError("resource-constraint");
  }
  if (room.config.approval && room.affiliationOf(jid) === "none") return approvals.ask(room, jid, nick.text); // §9.9
  const assignments = [{ jid, affiliation, nick: nick.text, reason: own?.reason ?? "" }];
  await settle(service, room, assignments);
}

/** XEP-0077 §3.2: a member ends the membership; who is more stays it, without the nickname. */
async function withdraw(service: RoomService, room: Room, { from }: Iq, approvals: Approvals): Promise<void> {
  if (await approvals.forget(room, from.bare)) return;
  const own = room.affiliated.get(from.bare.toString());
  if (own === undefined || own.affiliation === "outcast") throw new StanzaError("registration-required");
  const affiliation = own.affiliation === "member" ? "none" : own.affiliation;
  const assignments = [{ jid: from.bare, affiliation, nick: "", reason: own.reason } as const];
  await settle(service, room, assignments);
}

/** A members-only room is not opened by asking; nor is any to those who are banned. */
function checkOpen(room: Room, { from }: Iq): void {
  if (room.affiliationOf(from) === "outcast") throw new StanzaError("forbidden");
  const { registration: open, members, approval } = room.config;
  if (!open || (members && !approval && room.affiliationOf(from) === "none"))
    throw new StanzaError("not-allowed", closed);
}

const closed = {
  en: "One cannot register with this room. Ask one of its owners to make you a member.",
  fr: "On ne peut pas s'inscrire à ce salon. Demandez à l'un de ses propriétaires de vous nommer membre.",
};
const taken = {
  en: "Somebody in the room has this nickname. Choose another one.",
  fr: "Quelqu'un dans le salon porte ce pseudonyme. Choisissez-en un autre.",
};
