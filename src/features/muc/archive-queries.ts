import { background } from "#core/log.ts";
import { arriving } from "#core/packet.ts";
import { describing } from "#features/disco/index.ts";
import {
  answerMetadata,
  answerQuery,
  describeQuery,
  fullText,
  metadata,
  namespace,
  query,
  type Reading,
  type Selection,
} from "#features/mam/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Iq, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { atLeast } from "./affiliations.ts";
import { destroying, leaving, speaking } from "./hooks.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { user } from "./tags.ts";

const extended = `${namespace}#extended`;

/** Rooms keep what is said in them, and show it to those who may enter (XEP-0313 §6.1.2). */
export function archiveRooms(service: RoomService): void {
  const { host, rooms, archive } = service;
  host.on(speaking, "amend", (event) => {
    event.id = archive.nextId();
    event.message = event.message.append(archive.mark(event.room, event.id));
  });
  host.on(speaking, "record", (event) => archive.remember(event));
  if (!archive.enabled) return;
  const { archive: engine } = archive.mam;
  engine.keeps(host.domain, (jid) => {
    const room = rooms.get(jid);
    return room === undefined ? Number.MAX_SAFE_INTEGER : archive.lowestOf(room);
  });
  host.on(arriving, "check", ({ stanza }) => {
    if (stanza.kind === "message") return stanza.type === "groupchat" ? engine.writer.busy : undefined;
    const room = stanza.kind === "presence" && stanza.type === "" ? rooms.get(stanza.to) : undefined;
    return room && archive.load(room);
  });
  host.on(speaking, "check", ({ room }) => {
    if (archive.covers(room)) engine.checkWritable();
  });
  host.on(leaving, "record", ({ room }) => {
    if (room.occupants.size === 0) room.history.forget();
  });
  const stopped = new AbortController();
  host.stopping(() => stopped.abort());
  host.on(destroying, "record", ({ room }) => {
    const removed = engine.purge(room.jid, archive.firstFreeId, stopped.signal);
    background(host.log, removed, "the archive of a room not removed");
  });
  answer(service);
}

function answer({ host, rooms, archive }: RoomService): void {
  const { archive: engine, limits } = archive.mam;
  host.offer(extended, "account");
  if (engine.searchable) host.offer(fullText, "account");
  host.on(describing, "amend", ({ to, features }) => {
    const room = rooms.get(to);
    if (room === undefined || archive.covers(room)) return;
    for (const one of [namespace, extended, fullText]) features.delete(one);
  });
  const readable = ({ to, from }: Iq): Room => {
    const room = rooms.existing(to, from);
    if (!archive.covers(room)) throw new StanzaError("service-unavailable", notArchived);
    checkReader(room, from);
    return room;
  };
  host.iq("get", query, "account", (iq) => {
    readable(iq);
    return describeQuery(engine.searchable, true);
  });
  host.iq("get", metadata, "account", (iq) => {
    const room = readable(iq);
    return answerMetadata(engine, room.jid, archive.lowestOf(room));
  });
  host.iq("set", query, "account", async (iq, payload, origin) => {
    const room = readable(iq);
    const send = (stanza: Stanza) => (origin === undefined ? host.send(stanza) : origin.send(stanza));
    const reading = { reader: iq.from, send, ...visibleTo(room, iq.from), from: archive.lowestOf(room) };
    return (await answerQuery(engine, limits, payload, reading)).fin;
  });
}

/**
 * Those who may enter read what is said in a room, also from outside (XEP-0313 §6.1.2). Of rooms that are not for everybody
 * strangers learn nothing, though they could enter if they knew of them (XEP-0045 §14.4).
 */
function checkReader(room: Room, reader: Jid): void {
  const affiliation = room.affiliationOf(reader);
  if (affiliation === "outcast") throw new StanzaError("forbidden", banned);
  if (atLeast(affiliation, "member") || room.occupants.of(reader.bare).length > 0) return;
  if (!room.isKnownTo(reader) || room.config.password !== "") throw new StanzaError("forbidden", notForAll);
}

/** Who said something is told, and searched for, where the reader may know it now (XEP-0313 §4.1.1, §6.1.2). */
function visibleTo(room: Room, reader: Jid): Pick<Reading, "owner" | "narrow" | "show"> {
  const { affiliation, role } = room.standingOf(reader);
  const identified = room.config.whois === "anyone" || role === "moderator" || atLeast(affiliation, "admin");
  const narrow = (selection: Selection): Selection => {
    const { with: author, ...rest } = selection;
    if (author === undefined) return selection;
    if (author.bare.equals(room.jid)) return author.isBare ? selection : { ...rest, resource: author.resource };
    if (!identified && !author.bare.equals(reader.bare)) throw new StanzaError("forbidden", anonymous);
    if (!author.isBare) throw new StanzaError("feature-not-implemented", bareOnly);
    return selection;
  };
  return { owner: room.jid, narrow, show: identified ? asItIs : withoutAddress };
}

const asItIs = (message: Element): Element => message;
const withoutAddress = (message: Element): Element => message.without(user);

const notArchived = {
  en: "What is said in this room is not archived.",
  fr: "Ce qui est dit dans ce salon n'est pas archivé.",
};
const banned = {
  en: "You are banned from this room.",
  fr: "Vous êtes banni de ce salon.",
};
const notForAll = {
  en: "Only those who may enter this room can read what was said in it. Enter it first.",
  fr: "Seules les personnes admises dans ce salon peuvent lire ce qui y a été dit. Entrez-y d'abord.",
};
const anonymous = {
  en: "In this room only moderators may search for an address. Search for a nickname instead.",
  fr: "Dans ce salon, seuls les modérateurs peuvent chercher une adresse. Cherchez plutôt un pseudonyme.",
};
const bareOnly = {
  en: "Search for a nickname of the room or for an address without a resource.",
  fr: "Cherchez un pseudonyme du salon ou une adresse sans ressource.",
};
