import { z } from "zod";
import { removing } from "#core/account.ts";
import { channels } from "#core/bus.ts";
import type { Feature } from "#core/feature.ts";
import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { type Packet, presenting, sending } from "#core/packet.ts";
import { section, size } from "#core/settings.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Element, tag } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { Avatars } from "./avatars.ts";
import { type Photo, photoHashOf, photoOf, vCard, vcardTemp, withPhoto, withPhotoHash } from "./photo.ts";
import { migrations, VcardStore } from "./store.ts";

const settings = section({
  size: size("256 KiB", "The largest vCard that is kept, photo included."),
  name: z.string().default("Parloir").describe("The name in the server's own vCard."),
  url: z
    .union([z.literal(""), z.url()])
    .default("")
    .describe("The web page in the server's own vCard."),
  description: z.string().default("").describe("The description in the server's own vCard."),
});

export interface VcardSettings {
  readonly size: number;
  readonly name: string;
  readonly url: string;
  readonly description: string;
}

/** The vCard of an account is wanted; what a directory knows of the person goes before what the person wrote. */
export interface Sourcing {
  readonly account: Jid;
  /** Who reads it: a bare JID; the account itself where the server looks for its avatar. */
  readonly reader: Jid;
  /** Elements of a vCard. Each replaces those of its name in what is kept, and cannot be changed by the person. */
  readonly fields: Element[];
  /** What the person wrote. Handlers may take of it what is not the person's to say. */
  written: readonly Element[];
  /** Whether this reader is not to see that there is a card. */
  withheld: boolean;
  /** Whether a source could not be asked just now: what comes of it is not remembered. */
  incomplete: boolean;
}

/** What other features may ask of vCards. */
export interface VcardApi {
  /** What is known of an account's avatar may have changed. */
  outdated(account: Jid): void;
  /** Puts a picture into the card of an account, or takes it out; a card is made if need be. */
  setPhoto(account: Jid, photo: Photo | undefined): Promise<void>;
}

/** A person has written a card; it is on disk. */
export const changed: Hook<{ readonly account: Jid; readonly photo: Photo | undefined }> = hook("vcard changed");

/** A vCard is put together. Handlers add fields, in the phase "amend". */
export const sourcing: Hook<Sourcing> = hook("vcard sourcing");

/**
 * vcard-temp (XEP-0054) and vCard-Based Avatars (XEP-0153): people say who they are, with a photo that contacts see.
 * Clients that know nothing of avatars announce it all the same: the server adds its hash to their presence.
 */
export const vcard: Feature<VcardSettings, VcardApi> = {
  name: "vcard",
  xeps: [
    { number: 54, version: "1.3.0" },
    { number: 153, version: "1.1.1" },
  ],
  settings,
  migrations,
  setup(host, limits) {
    const store = new VcardStore(host.db);
    const avatars = new Avatars(host, async (account) => {
      if (!host.has(sourcing)) return (await store.photoHash(account.toString())) ?? "";
      const { card, incomplete } = await read(host, store, { account, reader: account });
      if (incomplete) throw new Error("a source of the vCard does not answer");
      return (card && photoHashOf(card)) ?? "";
    });
    const own = ownCard(host, limits);
    host.iq("get", vCard, "host", () => own);
    host.iq("get", vCard, "account", async (iq) => {
      const { card } = await read(host, store, { account: iq.to, reader: iq.from.bare });
      // §3.1; §3.3: for others as if there were no such account.
      if (card === undefined)
        throw new StanzaError(iq.from.bare.equals(iq.to) ? "item-not-found" : "service-unavailable");
      return card;
    });
    host.iq("set", vCard, "self", async (iq, card) => {
      await put(iq.to, card);
      await host.fire(changed, { account: iq.to, photo: photoOf(card) });
    });
    for (const at of ["account", "host"] as const) {
      host.iq("set", vCard, at, () => {
        throw new StanzaError("forbidden", notYours); // §3.2
      });
    }
    host.server.bus.on(channels.stale, (key) => {
      if (key.startsWith(`${vcardTemp} `)) avatars.forget(key.slice(vcardTemp.length + 1));
    });
    host.on(removing, "record", async ({ account }) => {
      await store.forget(account.toString());
      avatars.forget(account.toString());
    });
    host.on(presenting, "amend", (event) => {
      if (event.stanza.type !== "") return;
      const hash = avatars.hashOf(event.origin.jid.bare);
      if (typeof hash !== "string") return hash.then((later) => announce(event, later));
      if (hash !== "") announce(event, hash);
    });
    // Directed presence too (XEP-0153 §4.1 rule 1): to rooms, for instance.
    host.on(sending, "amend", (packet) => {
      if (packet.stanza.kind !== "presence" || packet.stanza.type !== "") return;
      const hash = avatars.hashOf(packet.stanza.from.bare);
      if (typeof hash !== "string") return hash.then((later) => announce(packet, later));
      if (hash !== "") announce(packet, hash);
    });
    return {
      outdated: (account) => avatars.forget(account.toString()),
      async setPhoto(account, photo) {
        const xml = await store.get(account.toString());
        const card = xml === undefined ? vCard() : parseText(xml);
        const hash = photo && photoHashOf(withPhoto(vCard(), photo));
        if (photoHashOf(card) !== hash) await put(account, withPhoto(card, photo));
      },
    };

    async function put(account: Jid, card: Element): Promise<void> {
      const xml = card.toString();
      if (Buffer.byteLength(xml) > limits.size) throw tooLarge(limits.size);
      await store.put(account.toString(), xml, photoHashOf(card));
      avatars.forget(account.toString());
      host.server.bus.broadcast(channels.stale, `${vcardTemp} ${account}`);
    }
  },
};

function announce(packet: Pick<Packet, "stanza">, hash: string): void {
  if (hash === "") return;
  const changed = withPhotoHash(packet.stanza.element, hash);
  if (changed !== packet.stanza.element) packet.stanza = packet.stanza.map(() => changed);
}

interface Reading {
  readonly account: Jid;
  readonly reader: Jid;
}

/** What is kept, under what a directory says; undefined where there is neither. */
async function read(
  host: Host,
  store: VcardStore,
  reading: Reading,
): Promise<{ readonly card: Element | undefined; readonly incomplete: boolean }> {
  const xml = await store.get(reading.account.toString());
  const kept = xml === undefined ? undefined : parseText(xml);
  if (!host.has(sourcing)) return { card: kept, incomplete: false };
  const before = kept?.elements ?? [];
  const event: Sourcing = { ...reading, fields: [], written: before, withheld: false, incomplete: false };
  await host.fire(sourcing, event);
  const { fields, written, withheld, incomplete } = event;
  if (withheld) return { card: undefined, incomplete };
  if (fields.length === 0 && written === before) return { card: kept, incomplete };
  const names = new Set(fields.map((field) => field.name));
  return { card: vCard({}, ...fields, ...written.filter((field) => !names.has(field.name))), incomplete };
}

/** §3.3: the server's own. */
function ownCard(host: Host, { name, url, description }: VcardSettings): Element {
  const text = (field: string, value: string) => (value === "" ? [] : [tag(vcardTemp, field)({}, value)]);
  return vCard(
    {},
    ...text("FN", name),
    ...text("URL", url),
    ...text("DESC", description),
    ...text("JABBERID", host.domain),
  );
}

function tooLarge(bytes: number): StanzaError {
  const kibibytes = Math.floor(bytes / 1024);
  return new StanzaError("not-acceptable", {
    en: `This card is too large: the server keeps at most ${kibibytes} KiB. Choose a smaller photo.`,
    fr: `Cette fiche est trop grande : le serveur conserve au plus ${kibibytes} Kio. Choisissez une photo plus petite.`,
  });
}

const notYours = {
  en: "You can only change your own card.",
  fr: "Vous ne pouvez modifier que votre propre fiche.",
};
