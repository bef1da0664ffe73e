import { type Element, type Tag, tag } from "#xml/element.ts";
import { StanzaError } from "./error.ts";

/** The namespace of Result Set Management (XEP-0059), advertised where pages are served. */
export const resultSets = "http://jabber.org/protocol/rsm";
/** Asks for a page, and says which one came (XEP-0059 §2). */
export const set: Tag = tag(resultSets, "set");
const max = tag(resultSets, "max");
const after = tag(resultSets, "after");
const before = tag(resultSets, "before");
const index = tag(resultSets, "index");
const first = tag(resultSets, "first");
const last = tag(resultSets, "last");
const count = tag(resultSets, "count");

/** The longest id of an item that is looked at, in UTF-16 code units. Ours are shorter. */
const longestId = 4096;

/** Which part of a list somebody wants (XEP-0059 §2.1 to §2.6). */
export interface PageRequest {
  /** The most items to give, at most the server's own limit; 0 asks for the count alone (§2.7). */
  readonly max: number;
  /** What follows this item (§2.2). */
  readonly after?: string;
  /** What comes before this item; "" for the end of the list (§2.3, §2.5). Its presence means paging backwards. */
  readonly before?: string;
  /** What begins at this position, from 0 (§2.6); never together with `after` or `before`. */
  readonly index?: number;
}

/** What is told of a page. Without `first` and `last` it is empty. */
export interface PageAnswer {
  readonly first?: string;
  readonly last?: string;
  /** The position of the first item in the whole list. */
  readonly index?: number;
  /** How many items the whole list has. */
  readonly count?: number;
}

/** A part of a list, with the `<set/>` that describes it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly set: Element;
  /** Whether the list ends here, in the direction of paging. */
  readonly complete: boolean;
}

/**
 * The request in a payload, its `max` bounded by `limit`; undefined if there is none, which means all.
 *
 * @throws StanzaError `bad-request` for numbers that are none, ids beyond 4 096 characters, an index beside an id
 */
export function readPageRequest(payload: Element, limit: number): PageRequest | undefined {
  const asked = payload.child(set);
  if (asked === undefined) return undefined;
  const position = natural(asked.child(index));
  const following = idOf(asked.child(after));
  const preceding = idOf(asked.child(before));
  if (position !== undefined && (following !== undefined || preceding !== undefined)) throw malformed();
  return {
    max: Math.min(natural(asked.child(max)) ?? limit, limit),
    // An empty <after/> is before the first item: the beginning (§2.2).
    ...(following ? { after: following } : {}),
    ...(preceding !== undefined ? { before: preceding } : {}),
    ...(position !== undefined ? { index: position } : {}),
  };
}

/** The `<set/>` of an answer (XEP-0059 §2.2). */
export function pageAnswer(answer: PageAnswer): Element {
  const { first: from, last: until, index: at, count: all } = answer;
  return set(
    {},
    ...(from !== undefined ? [first({ index: at?.toString() }, from)] : []),
    ...(until !== undefined ? [last({}, until)] : []),
    ...(all !== undefined ? [count({}, all.toString())] : []),
  );
}

/**
 * The page of a list in memory. `id` gives each item its unique id in the list.
 *
 * @throws StanzaError `item-not-found` if the item that the request starts from is not in the list (XEP-0059 §2.4)
 */
export function page<Item>(items: readonly Item[], request: PageRequest, id: (item: Item) => string): Page<Item> {
  const [start, end] = bounds(items, request, id);
  const chosen = items.slice(start, end);
  const complete = request.before === undefined ? end >= items.length : start <= 0;
  if (chosen.length === 0) return { items: chosen, set: pageAnswer({ count: items.length }), complete };
  const answer = { first: id(chosen[0]!), last: id(chosen.at(-1)!), index: start, count: items.length };
  return { items: chosen, set: pageAnswer(answer), complete };
}

function bounds<Item>(items: readonly Item[], request: PageRequest, id: (item: Item) => string): [number, number] {
  if (request.index !== undefined) {
    const start = Math.min(request.index, items.length); // §2.6: beyond the end, an empty page
    return [start, Math.min(start + request.max, items.length)];
  }
  const start = request.after === undefined ? 0 : position(items, request.after, id) + 1;
  const end = request.before ? position(items, request.before, id) : items.length;
  if (start >= end) return [start, start];
  return request.before === undefined
    ? [start, Math.min(start + request.max, end)]
    : [Math.max(start, end - request.max), end];
}

function position<Item>(items: readonly Item[], wanted: string, id: (item: Item) => string): number {
  const at = items.findIndex((item) => id(item) === wanted);
  if (at < 0) throw new StanzaError("item-not-found", pageGone);
  return at;
}

function idOf(element: Element | undefined): string | undefined {
  const id = element?.text;
  if (id !== undefined && id.length > longestId) throw malformed();
  return id;
}

function natural(element: Element | undefined): number | undefined {
  if (element === undefined) return undefined;
  const digits = element.text.trim();
  if (!/^\d{1,10}$/.test(digits)) throw malformed();
  return Number(digits);
}

function malformed(): StanzaError {
  return new StanzaError("bad-request", badPage);
}

const badPage = {
  en: "The request for a page of results cannot be understood.",
  fr: "La demande d'une page de résultats est incompréhensible.",
};
const pageGone = {
  en: "The list has changed and no longer has the place to continue from. Start again from its beginning.",
  fr: "La liste a changé et l'endroit où continuer n'existe plus. Recommencez depuis le début.",
};
