import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Message, message, Stanza } from "#stanza/stanza.ts";
import { detach } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { assignmentQueries } from "./affiliates.ts";
import { tellListed } from "./affiliation-news.ts";
import { atLeast } from "./affiliations.ts";
import { Rates } from "./rates.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { continuation, decline, invite, user, userPassword, userReason } from "./tags.ts";

/** Most people that one message invites. */
const mostAtOnce = 50;
/** Most invitations of a room that may still be declined. */
const mostOpen = 500;
const longestReason = 1024;

/** Invitations that go through the room, and their refusal (XEP-0045 §7.8.2). */
export class Invitations {
  readonly #service: RoomService;
  readonly #rates: Rates<string>;
  /** Who was invited by whom and may decline: addresses of inviter by that of the guest. */
  readonly #open = new WeakMap<Room, Map<string, string>>();

  constructor(service: RoomService) {
    this.#service = service;
    this.#rates = new Rates(service.settings.invitations);
  }

  /** Whether the message was one. @throws StanzaError `forbidden`, `item-not-found`, `jid-malformed` */
  take(room: Room, stanza: Message): boolean | Promise<boolean> {
    const content = stanza.element.child(user);
    const invites = content?.all(invite) ?? [];
    if (invites.length > 0) return this.#invite(room, stanza, invites).then(() => true);
    const refused = content?.child(decline);
    if (refused === undefined) return false;
    this.#decline(room, stanza, refused);
    return true;
  }

  async #invite(room: Room, stanza: Message, invites: readonly Element[]): Promise<void> {
    const { from } = stanza;
    checkRight(room, from);
    if (invites.length > mostAtOnce) throw new StanzaError("policy-violation", tooMany);
    const guests = invites.map((one) => ({ one, to: readAddress(one.attrs.to) }));
    for (const _ of guests) {
      if (!this.#rates.take(from.bare.toString())) throw new StanzaError("policy-violation", tooMany, { type: "wait" });
    }
    if (this.#isOurs(from)) for (const { to } of guests) await this.#checkExists(to);
    for (const { one, to } of guests) {
      if (room.config.members) await this.#enrol(room, to.bare);
      this.#remember(room, to, from);
      this.#service.host.send(Stanza.of("message", invitation(room, stanza, one), room.jid, to));
    }
  }

  /** §9.5: who is invited to a members-only room becomes a member. */
  async #enrol(room: Room, jid: Jid): Promise<void> {
    const assignments = [{ jid, affiliation: "member", reason: "" } as const];
    await room.change(async () => {
      if (room.destroyed) throw new StanzaError("item-not-found");
      if (room.affiliationOf(jid) !== "none") return; // banned, perhaps, a moment ago
      if (room.affiliated.size >= this.#service.settings.affiliations) throw new StanzaError("resource-constraint");
      if (!room.locked) await this.#service.store.now(...assignmentQueries(room, assignments));
      // The invitation of the person is enough: the room adds none of its own.
      const since = room.versions.current;
      room.affiliate({ jid, affiliation: "member", nick: "", reason: "" });
      tellListed(this.#service, room, [{ jid, before: "none", after: "member" }], since);
    });
  }

  /** Who has an account here is nobody's business elsewhere. */
  #isOurs({ domain }: Jid): boolean {
    return this.#service.host.server.router.hosts.get(domain)?.where === "accounts";
  }

  /** §7.8.2: as far as it is known here. */
  async #checkExists(to: Jid): Promise<void> {
    const own = this.#service.host.server.router.hosts.get(to.domain);
    if (own === undefined || own.where !== "accounts") return;
    if (to.local === "" || !(await own.accounts.exists(to.local))) throw new StanzaError("item-not-found", nobody);
  }

  #remember(room: Room, to: Jid, from: Jid): void {
    const open = this.#open.get(room) ?? new Map<string, string>();
    open.set(to.bare.toString(), detach(from.bare.toString()));
    if (open.size > mostOpen) open.delete(open.keys().next().value!);
    this.#open.set(room, open);
  }

  /** Who was not invited has nothing to decline: the room carries no messages for strangers. */
  #decline(room: Room, { from, element }: Message, refused: Element): void {
    const inviter = this.#open.get(room)?.get(from.bare.toString());
    if (inviter === undefined) throw new StanzaError("not-acceptable", notInvited);
    this.#open.get(room)!.delete(from.bare.toString());
    const reason = refused.child(userReason)?.text.slice(0, longestReason);
    const content = user({}, decline({ from: from.bare.toString() }, ...(reason ? [userReason({}, reason)] : [])));
    const answer = message({ id: element.attrs.id }, content);
    this.#service.host.send(Stanza.of("message", answer, room.jid, Jid.parse(inviter)));
  }
}

/** Who may invite: `muc#roomconfig_allowinvites`; to members-only rooms, members at least (§9.5). */
function checkRight(room: Room, from: Jid): void {
  const { affiliation, role } = room.standingOf(from);
  if (atLeast(affiliation, "admin")) return;
  if (affiliation === "outcast" || (role === "none" && affiliation === "none")) {
    throw new StanzaError("forbidden", notThere);
  }
  const allowed = room.config.invites && (!room.config.members || affiliation === "member");
  if (!allowed) throw new StanzaError("forbidden", adminsOnly);
}

function invitation(room: Room, { from, id }: Message, asked: Element): Element {
  const reason = asked.child(userReason)?.text.slice(0, longestReason);
  const going = asked.child(continuation);
  const children = [
    ...(reason ? [userReason({}, reason)] : []),
    ...(going ? [continuation({ thread: going.attrs.thread })] : []),
  ];
  return message({ id }, user({}, invite({ from: from.bare.toString() }, ...children), ...passwordOf(room)));
}

function passwordOf(room: Room): readonly Element[] {
  const { password } = room.config;
  return password === "" ? [] : [userPassword({}, password)];
}

function readAddress(text: string | undefined): Jid {
  try {
    return Jid.parse(detach(text ?? ""));
  } catch (problem) {
    if (problem instanceof JidError) throw new StanzaError("jid-malformed");
    throw problem;
  }
}

/** A new member of a members-only room is invited by the room itself (XEP-0045 §9.5). */
export function inviteMember({ host }: RoomService, room: Room, to: Jid): void {
  const content = user({}, invite({ from: room.jid.toString() }), ...passwordOf(room));
  host.send(Stanza.of("message", message({}, content), room.jid, to));
}

const notThere = {
  en: "Only those who are in the room can invite others.",
  fr: "Seuls ceux qui sont dans le salon peuvent inviter d'autres personnes.",
};
const adminsOnly = {
  en: "Only administrators of this room may invite.",
  fr: "Seuls les administrateurs de ce salon peuvent inviter.",
};
const nobody = {
  en: "Nobody has this address here. Check the spelling of the login.",
  fr: "Personne n'a cette adresse ici. Vérifiez l'orthographe du login.",
};
const notInvited = {
  en: "There is no invitation to decline.",
  fr: "Il n'y a pas d'invitation à décliner.",
};
const tooMany = {
  en: "These are too many invitations at once. Wait a moment.",
  fr: "C'est trop d'invitations à la fois. Attendez un instant.",
};
