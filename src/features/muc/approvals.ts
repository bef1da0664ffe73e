import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { address, flag, line } from "#stanza/field.ts";
import { form, formIn, formTypeOf } from "#stanza/form.ts";
import { body, type Message, message, Stanza } from "#stanza/stanza.ts";
import { languageOf, type Text } from "#stanza/text.ts";
import { checkReservation, settle } from "./affiliates.ts";
import { atLeast } from "./affiliations.ts";
import { destroying } from "./hooks.ts";
import { Rates } from "./rates.ts";
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

/** Requests that wait for a decision: they do so over a restart, too. */
export const approvalMigration = `
  create table muc_approval (room text not null, jid text not null, nick text not null, primary key (room, jid))`;

/** Somebody who wants to become a member, under this nickname. */
interface Candidate {
  readonly jid: Jid;
  readonly nick: string;
}

/** Requests to register that wait for an admin of the room, where the room is so configured (XEP-0045 §9.9). */
export class Approvals {
  readonly #service: RoomService;
  readonly #rates: Rates<string>;
  /** By bare JID. */
  readonly #waiting = new WeakMap<Room, Map<string, Candidate>>();

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings.invitations);
    service.host.on(destroying, "record", ({ room }) => {
      service.store.later(sql`delete from muc_approval where room = ${room.jid.toString()}`);
    });
  }

  /** Who has been waiting since before the start. */
  async recall(): Promise<void> {
    const { host, rooms } = this.#service;
    const rows = await host.db.all<{ room: string; jid: string; nick: string }>(
      sql`select room, jid, nick from muc_approval
        where room in (select room from muc_room where service = ${host.domain})`,
    );
    for (const row of rows) {
      const room = rooms.get(Jid.parse(row.room));
      if (room !== undefined) this.#of(room).set(row.jid, { jid: Jid.parse(row.jid), nick: row.nick });
    }
  }

  /** Asks those who decide. @throws StanzaError `resource-constraint`, `policy-violation` */
  async ask(room: Room, jid: Jid, nick: string): Promise<void> {
    const { host, store } = this.#service;
    const waiting = this.#of(room);
    const again = waiting.get(jid.toString());
    if (again?.nick === nick) return; // they have been asked
    if (again === undefined && waiting.size >= mostWaiting) throw new StanzaError("resource-constraint", tooMany);
    if (!this.#rates.take(jid.toString())) throw new StanzaError("policy-violation", tooOften, { type: "wait" });
    const key = room.jid.toString();
    await store.now(sql`insert into muc_approval (room, jid, nick) values (${key}, ${jid.toString()}, ${nick})
      on conflict (room, jid) do update set nick = excluded.nick`);
    waiting.set(jid.toString(), { jid, nick });
    const lang = room.config.language;
    const shown = approval.show({ "muc#jid": jid, "muc#register_roomnick": nick, "muc#register_allow": false }, lang);
    const content = message({}, body({}, asking(room, jid, nick)[languageOf(lang)]), shown);
    const deciders = [...room.listOf("owner"), ...room.listOf("admin")].slice(0, mostAsked);
    for (const decider of deciders) host.send(Stanza.of("message", content, room.jid, decider.jid));
  }

  /** Somebody does not wait any more: it is decided, or not wanted, or the account is gone. False if nobody waited. */
  async forget(room: Room, jid: Jid): Promise<boolean> {
    if (this.#waiting.get(room)?.delete(jid.toString()) !== true) return false;
    const key = room.jid.toString();
    await this.#service.store.now(sql`delete from muc_approval where room = ${key} and jid = ${jid.toString()}`);
    return true;
  }

  #of(room: Room): Map<string, Candidate> {
    const waiting = this.#waiting.get(room) ?? new Map<string, Candidate>();
    this.#waiting.set(room, waiting);
    return waiting;
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

  async #decide(room: Room, one: Candidate, allow: boolean): Promise<void> {
    const service = this.#service;
    if (room.destroyed) throw new StanzaError("item-not-found");
    const { jid, nick } = one;
    if (!allow) {
      await this.forget(room, jid);
      const text = declined(room)[languageOf(room.config.language)];
      service.host.send(Stanza.of("message", message({}, body({}, text)), room.jid, jid));
      return;
    }
    if (room.affiliationOf(jid) === "none") {
      checkReservation(room, jid, nick);
      const assignments = [{ jid, affiliation: "member", nick, reason: "" } as const];
      await settle(service, room, assignments);
    }
    await this.forget(room, jid);
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
const tooOften = {
  en: "You have asked too often. Wait a moment.",
  fr: "Vous avez demandé trop souvent. Attendez un instant.",
};
const tooMany = {
  en: "Too many people are waiting to be registered with this room. Try again later.",
  fr: "Trop de personnes attendent leur inscription à ce salon. Réessayez plus tard.",
};
