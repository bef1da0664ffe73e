import { createHash } from "node:crypto";
import { StanzaError } from "#stanza/error.ts";
import { type Element, tag } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { notify } from "./owner.ts";
import type { RoomService } from "./service.ts";
import { deleteCard, putCard } from "./store.ts";

const vCard = tag("vcard-temp", "vCard");
const photo = tag("vcard-temp", "PHOTO");
const binary = tag("vcard-temp", "BINVAL");

/** Rooms have a picture: owners set it, everybody who may know the room sees it (XEP-0486). */
export function answerCards(service: RoomService): void {
  const { host, rooms, store, settings } = service;
  host.iq("get", vCard, "account", async (iq) => {
    const room = rooms.existing(iq.to);
    if (!room.isKnownTo(iq.from)) throw new StanzaError("forbidden");
    const xml = await store.card(room.jid.toString());
    return xml === undefined ? vCard() : parseText(xml);
  });
  host.iq("set", vCard, "account", (iq, card) => {
    const room = rooms.existing(iq.to);
    if (room.affiliationOf(iq.from) !== "owner") throw new StanzaError("forbidden", ownersOnly); // §6
    const xml = card.compact().toString();
    if (xml.length > settings["vcard-size"]) throw new StanzaError("policy-violation", tooLarge);
    const hash = hashOf(card);
    return room.change(async () => {
      const key = room.jid.toString();
      if (room.destroyed || room.locked) throw new StanzaError("item-not-found");
      await store.now(card.children.length === 0 ? deleteCard(key) : putCard(key, xml, hash));
      room.avatar = hash;
      notify(service, room, [104]); // §3.2
    });
  });
}

/** The SHA-1 of the picture (XEP-0153 §3.1); "" where there is none. */
function hashOf(card: Element): string {
  const data = card.child(photo)?.child(binary)?.text.replace(/\s+/g, "") ?? "";
  return data === "" ? "" : createHash("sha1").update(Buffer.from(data, "base64")).digest("hex");
}

const ownersOnly = {
  en: "Only owners of the room may change its picture.",
  fr: "Seuls les propriétaires du salon peuvent changer son image.",
};
const tooLarge = {
  en: "This picture is too large. Choose a smaller one.",
  fr: "Cette image est trop volumineuse. Choisissez-en une plus petite.",
};
