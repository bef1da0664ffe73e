import { createHash } from "node:crypto";
import type { Node } from "#xml/element.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";

/** The namespace of vCards (XEP-0054). */
export const vcardTemp = "vcard-temp";
export const vCard: Tag = tag(vcardTemp, "vCard");

const photo = tag(vcardTemp, "PHOTO");
const binval = tag(vcardTemp, "BINVAL");

/** What presence says of the avatar (XEP-0153 §3.1). */
export const update: Tag = tag("vcard-temp:x:update", "x");
const updatePhoto = tag("vcard-temp:x:update", "photo");

const type = tag(vcardTemp, "TYPE");

/** The picture of a person. */
export interface Photo {
  /** Its media type. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The picture in a vCard; undefined where it holds none. */
export function photoOf(card: Element): Photo | undefined {
  const picture = card.child(photo);
  // XEP-0153 §4.6 rule 5: white space in the data is ignored.
  const data = picture?.child(binval)?.text.replace(/[\t\n\r ]+/g, "");
  if (!data || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return undefined;
  return { type: picture?.child(type)?.text || "image/png", bytes: Buffer.from(data, "base64") };
}

/** The card with another picture, or with none. */
export function withPhoto(card: Element, picture: Photo | undefined): Element {
  const rest = card.without(photo);
  if (picture === undefined) return rest;
  const text = Buffer.from(picture.bytes).toString("base64");
  return rest.append(photo({}, type({}, picture.type), binval({}, text)));
}

/** The SHA-1 of a vCard's photo in lower-case hexadecimal; undefined where it holds none (XEP-0153 §3.1). */
export function photoHashOf(card: Element): string | undefined {
  const picture = photoOf(card);
  return picture && createHash("sha1").update(picture.bytes).digest("hex");
}

/**
 * Presence with the hash of the avatar, where its client leaves that to the server: it says nothing of an avatar, or
 * that it does not know (an empty `<x/>`, XEP-0153 §4.1 rule 2). What a client says itself stays.
 */
export function withPhotoHash(presence: Element, hash: string): Element {
  const said = presence.child(update);
  if (said?.child(updatePhoto)) return presence;
  const announced: Node = update({}, updatePhoto({}, hash));
  return (said ? presence.without(update) : presence).append(announced);
}
