import type { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { describeArchive, describePage, sendResults } from "./answers.ts";
import type { Archive } from "./archive.ts";
import { readEnds, readPage } from "./pages.ts";
import { type Limits, namespace, readQuery, type Selection, unknownId } from "./query.ts";

const flipPage = tag(namespace, "flip-page");

/** Who reads whose archive, and what of it. */
export interface Reading {
  /** The bare JID that the archive belongs to. */
  readonly owner: Jid;
  readonly reader: Jid;
  readonly send: (stanza: Stanza) => void;
  /** The lowest id that is the owner's: what is older was said under the same address before it was theirs. */
  readonly from?: number;
  /** Says in the archive's terms what is asked for, or refuses it by throwing a StanzaError. */
  readonly narrow?: (selection: Selection) => Selection;
  /** A message as the reader may see it. */
  readonly show?: (message: Element) => Element;
}

/** What was answered. */
export interface Answered {
  readonly fin: Element;
  /** Of the messages that were sent, in chronological order. */
  readonly ids: readonly number[];
  /** Up to which id the archive was read. */
  readonly seen: number;
}

/**
 * Answers a query (XEP-0313 §4): sends the messages of the page, and gives what ends it.
 * @throws StanzaError `bad-request`, `item-not-found`, `feature-not-implemented`
 */
export async function answerQuery(
  archive: Archive,
  limits: Limits,
  payload: Element,
  reading: Reading,
): Promise<Answered> {
  const { owner, reader, send, narrow, show } = reading;
  const from = archive.retention.lowest(owner, reading.from ?? 0);
  const asked = readQuery(payload, limits);
  if (asked.named.some((id) => id < from)) throw unknownId();
  const narrowed = narrow?.(asked.selection) ?? asked.selection;
  const selection = { ...narrowed, low: Math.max(narrowed.low, from) };
  await archive.writer.settle();
  const seen = archive.ids.last;
  const page = await readPage(archive, await archive.addresses.find(owner.toString()), { ...asked, selection });
  const flipped = payload.child(flipPage) !== undefined;
  sendResults(archive.ids, page, { archive: owner, reader, send, show, queryId: payload.attrs.queryid, flipped });
  return { fin: describePage(archive.ids, page), ids: page.messages.map(({ id }) => id), seen };
}

/** Answers what an archive holds (XEP-0313 §5). `from` as in `Reading`. */
export async function answerMetadata(archive: Archive, owner: Jid, usual = 0): Promise<Element> {
  const from = archive.retention.lowest(owner, usual);
  await archive.writer.settle();
  const number = await archive.addresses.find(owner.toString());
  return describeArchive(archive.ids, number === undefined ? undefined : await readEnds(archive, number, from));
}
