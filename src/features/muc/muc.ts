import type { Feature } from "#core/feature.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import { arriving, type Packet } from "#core/packet.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Message } from "#stanza/stanza.ts";
import { guardEntry } from "./access.ts";
import { answerAdmins } from "./admin.ts";
import { configForm } from "./configuration.ts";
import { describeRooms } from "./discovery.ts";
import { dropLost } from "./leave.ts";
import { Messages, rememberMessages } from "./messages.ts";
import { answerOwners } from "./owner.ts";
import { RoomPresence } from "./presence.ts";
import { whisper } from "./private-messages.ts";
import { Rooms } from "./rooms.ts";
import { Requests } from "./self-ping.ts";
import type { RoomService } from "./service.ts";
import { type MucSettings, settings } from "./settings.ts";
import { migrations, RoomStore } from "./store.ts";
import { keepSubjects } from "./subject.ts";

/**
 * Multi-User Chat (XEP-0045): people talk in rooms, which they find, open, moderate and keep. A list of its parts: each is
 * a file that listens to the moments of a room (hooks.ts).
 */
export const muc: Feature<MucSettings> = {
  name: "muc",
  xeps: [
    { number: 45, version: "1.35.5" },
    { number: 410, version: "1.1.0" },
  ],
  service: { prefix: "conference", name: "Salons de discussion" },
  settings,
  migrations,
  async setup(host, values) {
    const store = new RoomStore(host.db, host.log, host.domain);
    const rooms = new Rooms(host, values, store);
    const service: RoomService = { host, settings: values, rooms, store, form: configForm(values) };
    guardEntry(service);
    dropLost(service);
    keepSubjects(service);
    rememberMessages(service);
    describeRooms(service);
    answerOwners(service);
    answerAdmins(service);
    const desk = new Desk(service);
    host.on(arriving, "record", (packet) => desk.take(packet));
    await rooms.open();
  },
};

/** Takes what is sent to rooms, to where it belongs. */
class Desk {
  readonly #service: RoomService;
  readonly #presence: RoomPresence;
  readonly #messages: Messages;
  readonly #requests: Requests;

  constructor(service: RoomService) {
    this.#service = service;
    this.#presence = new RoomPresence(service);
    this.#messages = new Messages(service);
    this.#requests = new Requests(service);
  }

  take(packet: Packet): Outcome | Promise<Outcome> {
    const { stanza } = packet;
    if (stanza.to.local === "") return;
    if (stanza.is("iq")) {
      if (stanza.type === "error") this.#presence.failed(stanza);
      return this.#requests.take(packet);
    }
    if (stanza.is("presence")) this.#presence.take(packet);
    else this.#message(stanza as Message);
    return handled;
  }

  #message(stanza: Message): void {
    if (stanza.type === "error") return this.#presence.failed(stanza);
    const room = this.#service.rooms.existing(stanza.to); // §17.2 rule 3
    if (!stanza.to.isBare) return whisper(this.#service, room, stanza);
    if (stanza.type === "groupchat") return this.#messages.speak(room, stanza);
    throw new StanzaError("bad-request", groupchatOnly); // §17.2 rule 1
  }
}

const groupchatOnly = {
  en: "A message to a room must be of type groupchat.",
  fr: "Un message à un salon doit être de type groupchat.",
};
