import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { formIn, formTypeOf, isCancelled, rawValues, x } from "#stanza/form.ts";
import { type PageRequest, readPageRequest, resultSets, set } from "#stanza/rsm.ts";
import { parseDateTime } from "#stanza/time.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { type ArchiveIds, startOf } from "./ids.ts";
import { wordsOf } from "./search.ts";

export const namespace = "urn:xmpp:mam:2";
export const fullText = "urn:xmpp:fulltext:0";
const wordsField = `{${fullText}}fulltext`;
const mostIds = 500;

const max = tag(resultSets, "max");
export const query: Tag = tag(namespace, "query");
const field = tag("jabber:x:data", "field");
const value = tag("jabber:x:data", "value");
const validate = tag("http://jabber.org/protocol/xdata-validate", "validate");
const open = tag("http://jabber.org/protocol/xdata-validate", "open");

/** Which messages somebody asks for (XEP-0313 §4.1). */
export interface Selection {
  readonly with?: Jid;
  /** What stands for the resource of the peer, whoever it was: in the archive of a room, the nickname. */
  readonly resource?: string;
  /** The lowest and the highest id. */
  readonly low: number;
  readonly high: number;
  readonly ids?: readonly number[];
  /** Words of which a body must have each. */
  readonly words?: readonly string[];
}

/** Which part of them. */
export interface Range {
  readonly max: number;
  readonly backwards: boolean;
  /** Of the ids in the selection, those between these. */
  readonly low: number;
  readonly high: number;
  /** Whether it starts from a place in the archive that the client knows. */
  readonly continues: boolean;
}

export interface Query {
  readonly selection: Selection;
  readonly range: Range;
  /** Ids that the client names: all must be there (§4.1.3, §4.3.2). */
  readonly named: readonly number[];
}

export interface Limits {
  /** Of messages in a page, and in one whose size the client does not give. */
  readonly most: number;
  readonly usual: number;
  readonly ids: ArchiveIds;
  readonly searchable: boolean;
}

const everything = { low: 0, high: Number.MAX_SAFE_INTEGER };

/**
 * Reads a query.
 * @throws StanzaError `bad-request`, `item-not-found` for what is no id, `feature-not-implemented` for unknown fields
 */
export function readQuery(payload: Element, limits: Limits): Query {
  const named: number[] = [];
  const id = (text: string): number => {
    const found = limits.ids.parse(text.trim());
    if (found === undefined) throw unknownId();
    named.push(found);
    return found;
  };
  const form = formIn(payload);
  const selection = form === undefined ? everything : readForm(form, id, limits.searchable);
  const asked = readPageRequest(payload, limits.most);
  const range = readRange(asked, id);
  const sized = payload.child(set)?.child(max) !== undefined;
  return { selection, range: { ...range, max: sized ? range.max : Math.min(limits.usual, limits.most) }, named };
}

function readRange(request: PageRequest | undefined, id: (text: string) => number): Range {
  if (request === undefined) return { ...everything, max: 0, backwards: false, continues: false };
  const { after, before, index, max: size } = request;
  if (index !== undefined && index > 0) throw new StanzaError("feature-not-implemented", noIndex); // XEP-0059 §2.6
  return {
    max: size,
    backwards: before !== undefined,
    low: after === undefined ? 0 : id(after) + 1,
    high: before ? id(before) - 1 : everything.high,
    continues: after !== undefined || (before ?? "") !== "",
  };
}

interface Found {
  with?: Jid;
  low: number;
  high: number;
  ids?: readonly number[];
  words?: readonly string[];
}

function readForm(form: Element, id: (text: string) => number, searchable: boolean): Selection {
  if (isCancelled(form) || (formTypeOf(form) ?? namespace) !== namespace) throw new StanzaError("bad-request", noForm);
  const found: Found = { ...everything };
  for (const [name, values] of rawValues(form)) {
    const text = (values[0] ?? "").trim();
    if (name === "ids") {
      if (values.length > mostIds) throw new StanzaError("bad-request", tooManyIds);
      found.ids = values.map(id);
    } else if (!readField(found, name, text, id)) {
      if (name !== wordsField || !searchable) throw new StanzaError("feature-not-implemented", unknownField);
      if (text !== "") found.words = wordsOf(text);
    }
  }
  return found;
}

/** A field with one value, "" meaning that it is not used; false if there is no such field. */
function readField(found: Found, name: string, text: string, id: (text: string) => number): boolean {
  switch (name) {
    case "FORM_TYPE":
    case "include-groupchat": // what is said in rooms is in the archives of the rooms
      return true;
    case "with":
      if (text !== "") found.with = addressOf(text);
      return true;
    case "start":
      if (text !== "") found.low = Math.max(found.low, startOf(Math.ceil(momentOf(text))));
      return true;
    case "end":
      if (text !== "") found.high = Math.min(found.high, startOf(Math.floor(momentOf(text)) + 1) - 1);
      return true;
    case "after-id":
      if (text !== "") found.low = Math.max(found.low, id(text) + 1);
      return true;
    case "before-id":
      if (text !== "") found.high = Math.min(found.high, id(text) - 1);
      return true;
    default:
      return false;
  }
}

function addressOf(text: string): Jid {
  try {
    return Jid.parse(text);
  } catch (problem) {
    if (!(problem instanceof JidError)) throw problem;
    throw new StanzaError("bad-request", badAddress);
  }
}

function momentOf(text: string): number {
  const moment = parseDateTime(text);
  if (moment === undefined) throw new StanzaError("bad-request", badMoment);
  return moment.getTime();
}

/** The fields that a query may have (XEP-0313 §4.1.5); those of an archive of a room tell of no other rooms. */
export function describeQuery(searchable: boolean, ofRoom = false): Element {
  const any = validate({ datatype: "xs:string" }, open());
  return query(
    {},
    x(
      { type: "form" },
      field({ type: "hidden", var: "FORM_TYPE" }, value({}, namespace)),
      field({ type: "jid-single", var: "with" }),
      field({ type: "text-single", var: "start" }),
      field({ type: "text-single", var: "end" }),
      field({ type: "text-single", var: "before-id" }),
      field({ type: "text-single", var: "after-id" }),
      field({ type: "list-multi", var: "ids" }, any),
      ...(ofRoom ? [] : [field({ type: "boolean", var: "include-groupchat" })]),
      ...(searchable ? [field({ type: "text-single", var: wordsField })] : []),
    ),
  );
}

export function unknownId(): StanzaError {
  return new StanzaError("item-not-found", notThere);
}

const notThere = {
  en: "There is no such message in the archive; it may be too old. Start again from the beginning.",
  fr: "Ce message n'est pas dans l'archive ; il est peut-être trop ancien. Recommencez depuis le début.",
};
const noForm = {
  en: "This is not a filled-in form for a query of an archive.",
  fr: "Ce n'est pas un formulaire rempli pour interroger une archive.",
};
const unknownField = {
  en: "The archive cannot be searched by one of these fields.",
  fr: "L'archive ne peut pas être interrogée selon l'un de ces champs.",
};
const tooManyIds = {
  en: `At most ${mostIds} messages can be asked for by their ids.`,
  fr: `On peut demander au plus ${mostIds} messages par leurs identifiants.`,
};
const badAddress = {
  en: "The address to look for is not valid. An address looks like login@domain.",
  fr: "L'adresse recherchée n'est pas valide. Une adresse a la forme login@domaine.",
};
const badMoment = {
  en: "A moment is written as 2026-01-31T12:00:00Z.",
  fr: "Un moment s'écrit 2026-01-31T12:00:00Z.",
};
const noIndex = {
  en: "Pages of an archive are asked for by ids, not by numbers.",
  fr: "Les pages d'une archive se demandent par identifiants, pas par numéros.",
};
