import type { ListedRoom } from "#features/muc/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { choice, choices, count, flag, line } from "#stanza/field.ts";
import { form, rawValues } from "#stanza/form.ts";
import { type Element, tag } from "#xml/element.ts";
import { errors, refusals } from "./refusals.ts";

const order = "{urn:xmpp:channel-search:0:order}";
const keys = { [`${order}nusers`]: "users", [`${order}address`]: "address" } as const;
type Key = keyof typeof keys;

/** Letters that a word needs at least. */
const shortest = 2;

const both = {
  "xep-0045": { en: "Rooms", fr: "Salons" },
  "xep-0369": { en: "Channels (MIX)", fr: "Canaux (MIX)" },
} as const;

const search = form("urn:xmpp:channel-search:0:search-params", {
  title: { en: "Search for rooms", fr: "Recherche de salons" },
  fields: {
    q: line({ en: "Words", fr: "Mots" }, { longest: 256 }),
    all: flag({ en: "All rooms, whatever the words", fr: "Tous les salons, quels que soient les mots" }),
    sinname: flag({ en: "Look in the name", fr: "Chercher dans le nom" }),
    sindescription: flag({ en: "Look in the description", fr: "Chercher dans la description" }),
    sinaddress: flag({ en: "Look in the address", fr: "Chercher dans l'adresse" }),
    min_users: count({ en: "People in the room at least", fr: "Nombre minimal de personnes" }, { least: 0, most: 1e6 }),
    types: choices({ en: "What is looked for", fr: "Ce qui est cherché" }, both),
    key: choice<Key>({ en: "Order", fr: "Ordre" }, {
      [`${order}nusers`]: { en: "People in the room", fr: "Nombre de personnes" },
      [`${order}address`]: { en: "Address", fr: "Adresse" },
    } as Record<Key, { en: string; fr: string }>),
  },
});

const usual = {
  all: false,
  sinname: true,
  sindescription: true,
  sinaddress: true,
  min_users: 0,
  types: ["xep-0045"],
  key: `${order}nusers`,
} as const;

/** What somebody looks for. */
export interface Wanted {
  /** Folded; none: everything. */
  readonly words: readonly string[];
  readonly places: readonly ("name" | "description" | "address")[];
  readonly least: number;
  readonly types: readonly string[];
  readonly order: "users" | "address";
}

/** §4.2.1: the form to fill in. */
export function formFor(lang: string | undefined): Element {
  return search.show(usual, lang);
}

/** §4.2.2. @throws StanzaError as §4.2.2.2 to §4.2.2.7 say */
export function wantedOf(submitted: Element): Wanted {
  const raw = rawValues(submitted);
  const asked = raw.get("key")?.[0];
  if (asked !== undefined && !Object.hasOwn(keys, asked)) {
    throw new StanzaError("feature-not-implemented", refusals.noSuchOrder, {
      type: "modify",
      detail: tag(errors, "invalid-sort-key")(),
    });
  }
  const given = search.read(submitted);
  const values = { ...usual, ...given };
  const text = (given.q ?? "").trim();
  if (values.all && text !== "") {
    const variable = tag(errors, "var");
    const detail = tag(errors, "conflicting-fields")({}, variable({}, "all"), variable({}, "q"));
    throw new StanzaError("bad-request", refusals.conflict, { detail });
  }
  if (!values.all && text === "") {
    throw new StanzaError("bad-request", refusals.noWords, { detail: tag(errors, "no-search-conditions")() });
  }
  const places = placesOf(values, raw);
  const words = fold(text)
    .split(/\s+/)
    .filter((word) => word.length >= shortest);
  if (!values.all && (words.length === 0 || places.length === 0)) {
    throw new StanzaError("bad-request", refusals.tooShort, { detail: tag(errors, "invalid-search-terms")() });
  }
  return { words, places, least: values.min_users, types: values.types, order: keys[values.key as Key] };
}

function placesOf(
  values: { readonly sinname: boolean; readonly sindescription: boolean; readonly sinaddress: boolean },
  raw: ReadonlyMap<string, readonly string[]>,
): Wanted["places"] {
  // The example of §4.2.1 names the field otherwise than the table of §6.1.
  const short = raw.get("sinaddr")?.[0];
  const address = raw.has("sinaddress") || short === undefined ? values.sinaddress : short === "1" || short === "true";
  return [
    ...(values.sinname ? (["name"] as const) : []),
    ...(values.sindescription ? (["description"] as const) : []),
    ...(address ? (["address"] as const) : []),
  ];
}

/** Whether a room has all the words, each in any of the places. */
export function matches(room: ListedRoom, { words, places, least }: Wanted): boolean {
  if (room.occupants < least) return false;
  const texts = places.map((place) => fold(place === "address" ? room.address.split("@")[0]! : room[place]));
  return words.every((word) => texts.some((text) => text.includes(word)));
}

/** Without case and accents. */
function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
