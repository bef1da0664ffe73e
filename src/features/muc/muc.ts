import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import { background } from "#core/log.ts";
import { arriving, type Packet } from "#core/packet.ts";
import { mam } from "#features/mam/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Message, Presence } from "#stanza/stanza.ts";
import { guardEntry } from "./access.ts";
import { answerAdmins } from "./admin.ts";
import { release } from "./affiliates.ts";
import { Approvals } from "./approvals.ts";
import { RoomArchive } from "./archive.ts";
import { archiveRooms } from "./archive-queries.ts";
import { answerCards } from "./avatar.ts";
import { configForm } from "./configuration.ts";
import { followGroups } from "./directory-groups.ts";
import { describeRooms, serviceName } from "./discovery.ts";
import { takeHats, wearHats } from "./hat-commands.ts";
import { Invitations } from "./invitations.ts";
import { LookAlikes } from "./look-alikes.ts";
import { Messages } from "./messages.ts";
import { retractMessages } from "./moderation.ts";
import { nickKey } from "./names.ts";
import { Occupancy } from "./occupancy.ts";
import { OccupantIds } from "./occupant-id.ts";
import type { Occupant } from "./occupants.ts";
import { answerOwners } from "./owner.ts";
import { RoomPresence } from "./presence.ts";
import { PrivateMessages } from "./private-messages.ts";
import { AssignmentRates } from "./rates.ts";
import { answerRegistration } from "./registration.ts";
import type { Room } from "./room.ts";
import { Rooms, ticking } from "./rooms.ts";
import { Requests } from "./self-ping.ts";
import type { RoomService } from "./service.ts";
import { type MucSettings, settings } from "./settings.ts";
import { slowDown } from "./slow-mode.ts";
import { migrations, RoomStore } from "./store.ts";
import { keepSubjects } from "./subject.ts";
import { Turnstile } from "./turnstile.ts";
import { VoiceRequests } from "./voice.ts";

/** What other features may ask. */
export interface MucApi {
  /** The room of an address, of its bare form. */
  room(jid: Jid): Room | undefined;
  /** Who is in a room under the nickname of an address. */
  occupant(jid: Jid): Occupant | undefined;
}

/**
 * Multi-User Chat (XEP-0045): people talk in rooms, which they find, open, moderate and keep. A list of its parts: each is
 * a file that listens to the moments of a room (hooks.ts).
 */
export const muc: Feature<MucSettings, MucApi> = {
  name: "muc",
  xeps: [
    { number: 45, version: "1.35.5" },
    { number: 249, version: "1.2", note: "routed" },
    { number: 317, version: "0.3.1" },
    { number: 359, version: "0.7.0", note: "of messages to rooms" },
    { number: 410, version: "1.1.0" },
    { number: 421, version: "1.0.1" },
    { number: 424, version: "0.4.2", note: "of messages to rooms: what is retracted is not shown to newcomers" },
    { number: 425, version: "0.3.0" },
    { number: 463, version: "0.2.0" },
    { number: 486, version: "0.1.0" },
    { number: 500, version: "0.1.1" },
  ],
  service: { prefix: "conference", name: serviceName },
  settings,
  migrations,
  async setup(host, values) {
    const store = new RoomStore(host.db, host.log, host.domain);
    const archive = new RoomArchive(host, host.parent!.use(mam));
    const rooms = new Rooms(host, values, store, archive);
    const ids = new OccupantIds(host);
    const looks = new LookAlikes({ host, settings: values, rooms });
    const service: RoomService = {
      host,
      settings: values,
      rooms,
      store,
      form: configForm(values),
      ids,
      looks,
      archive,
      turnstile: new Turnstile(),
      assigning: new AssignmentRates(values.invitations, values.affiliations),
    };
    const approvals = new Approvals(service);
    guardEntry(service);
    keepSubjects(service);
    archiveRooms(service);
    describeRooms(service);
    answerOwners(service);
    answerAdmins(service);
    answerRegistration(service, approvals);
    answerCards(service);
    retractMessages(service);
    slowDown(service);
    const desk = new Desk(service, approvals);
    host.stopping(() => desk.close());
    // Who gets the name of a deleted account next must not inherit its rooms.
    host.parent?.on(removing, "record", ({ account }) => forgetAccount(service, approvals, account));
    host.on(arriving, "record", (packet) => desk.take(packet));
    const occupancy = new Occupancy(service);
    const present = await rooms.open();
    await approvals.recall();
    await wearHats(service);
    await followGroups(service);
    occupancy.restore(present, Date.now());
    host.on(ticking, "record", ({ now }) => occupancy.sweep(now));
    return {
      room: (jid) => rooms.get(jid),
      occupant: (jid) => rooms.get(jid)?.occupants.named(nickKey(jid.resource)),
    };
  },
};

async function forgetAccount(service: RoomService, approvals: Approvals, account: Jid): Promise<void> {
  for (const room of service.rooms.all()) {
    await approvals.forget(room, account);
    if (room.hats.of(account).length > 0) await room.change(() => takeHats(service, room, account));
    if (!room.affiliated.has(account.toString())) continue;
    await room.change(() => release(service, room, account));
  }
}

/** Takes what is sent to rooms, to where it belongs. */
class Desk {
  readonly #service: RoomService;
  readonly #presence: RoomPresence;
  readonly #messages: Messages;
  readonly #private: PrivateMessages;
  readonly #requests: Requests;
  readonly #invitations: Invitations;
  readonly #voice: VoiceRequests;
  readonly #approvals: Approvals;

  constructor(service: RoomService, approvals: Approvals) {
    this.#approvals = approvals;
    this.#service = service;
    this.#presence = new RoomPresence(service);
    this.#messages = new Messages(service);
    this.#private = new PrivateMessages(service);
    this.#requests = new Requests(service);
    this.#invitations = new Invitations(service);
    this.#voice = new VoiceRequests(service);
  }

  take(packet: Packet): Outcome | Promise<Outcome> {
    const { stanza } = packet;
    if (stanza.to.local === "") return;
    if (stanza.is("iq")) return this.#requests.take(packet);
    if (stanza.is("message")) return this.#message(stanza);
    const checking = this.#service.looks.checkPresence(stanza as Presence);
    if (checking !== undefined) return checking.then(() => this.#attend(packet));
    return this.#attend(packet);
  }

  #speak(stanza: Message): Outcome | Promise<Outcome> {
    const { turnstile } = this.#service;
    if (!turnstile.open) return turnstile.wait(() => this.#tell(stanza)).then(() => handled);
    this.#tell(stanza);
    return handled;
  }

  /** Perhaps after a while: the room may have been destroyed. */
  #tell(stanza: Message): void {
    const room = this.#service.rooms.existing(stanza.to, stanza.from);
    this.#messages.speak(room, stanza);
    this.#service.turnstile.spend(room.occupants.seats.length);
  }

  /** Comings, goings and changes are told to all in the room. */
  #attend(packet: Packet): Outcome | Promise<Outcome> {
    const { turnstile } = this.#service;
    if (!turnstile.open) return turnstile.wait(() => this.#admit(packet)).then(() => handled);
    this.#admit(packet);
    return handled;
  }

  /** The server stops: who has left by now is in no room after the next start. */
  close(): void {
    const { store, host, turnstile } = this.#service;
    turnstile.finish();
    background(host.log, store.now(), "rooms not written");
  }

  #admit(packet: Packet): void {
    this.#presence.take(packet);
    const here = this.#service.rooms.get(packet.stanza.to)?.occupants.seats.length ?? 0;
    this.#service.turnstile.spend(2 * here); // who enters gets as many as there are, and causes as many
  }

  #message(stanza: Message): Outcome | Promise<Outcome> {
    if (stanza.type === "error") {
      const whispered = this.#private.answers(stanza);
      if (!this.#presence.failed(stanza, whispered) && whispered) this.#private.passError(stanza);
      return handled;
    }
    const room = this.#service.rooms.existing(stanza.to, stanza.from); // §17.2 rule 3
    if (!stanza.to.isBare) this.#private.whisper(room, stanza);
    else if (stanza.type === "groupchat") return this.#speak(stanza);
    else {
      const taken = this.#invitations.take(room, stanza) || this.#approvals.take(room, stanza);
      if (taken instanceof Promise) return taken.then(() => handled);
      if (!taken && !this.#voice.take(room, stanza)) throw new StanzaError("bad-request", groupchatOnly); // §17.2 rule 1
    }
    return handled;
  }
}

const groupchatOnly = {
  en: "A message to a room must be of type groupchat.",
  fr: "Un message à un salon doit être de type groupchat.",
};
