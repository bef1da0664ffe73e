import type { Jid } from "#jid/jid.ts";
import { delay } from "#stanza/delay.ts";
import { forward } from "#stanza/forward.ts";
import { pageAnswer } from "#stanza/rsm.ts";
import { message, Stanza } from "#stanza/stanza.ts";
import { formatDateTime } from "#stanza/time.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { type ArchiveIds, timeOf } from "./ids.ts";
import type { ArchivePage, StoredMessage } from "./pages.ts";
import { namespace } from "./query.ts";

const result = tag(namespace, "result");
const fin = tag(namespace, "fin");
export const metadata: Tag = tag(namespace, "metadata");
const start = tag(namespace, "start");
const end = tag(namespace, "end");

/** Where the messages of a page go, and how they are marked. */
export interface Addressee {
  readonly archive: Jid;
  readonly reader: Jid;
  readonly send: (stanza: Stanza) => void;
  /** A message as the reader may see it; as it is kept where undefined. */
  readonly show: ((message: Element) => Element) | undefined;
  readonly queryId: string | undefined;
  /** Newest first (XEP-0313 §4.3.4). */
  readonly flipped: boolean;
}

/** Sends the messages of a page (XEP-0313 §4.2). */
export function sendResults(ids: ArchiveIds, { messages }: ArchivePage, to: Addressee): void {
  const ordered = to.flipped ? messages.toReversed() : messages;
  for (const one of ordered) {
    to.send(Stanza.of("message", message({}, wrap(ids, one, to)), to.archive, to.reader));
  }
}

function wrap(ids: ArchiveIds, { id, stanza }: StoredMessage, { queryId, show }: Addressee): Element {
  const stamp = delay({ stamp: formatDateTime(timeOf(id)) });
  const kept = parseText(stanza);
  return result({ queryid: queryId, id: ids.toText(id) }, forward(show?.(kept) ?? kept, stamp));
}

/** Says that a page is at its end, and which one it was (XEP-0313 §4.3). */
export function describePage(ids: ArchiveIds, { messages, complete, count, index }: ArchivePage): Element {
  const [first, last] = [messages.at(0), messages.at(-1)];
  const ends = first && last ? { first: ids.toText(first.id), last: ids.toText(last.id) } : {};
  const position = index === undefined ? {} : { index };
  const total = count === undefined ? {} : { count };
  return fin({ complete: complete ? "true" : undefined }, pageAnswer({ ...ends, ...position, ...total }));
}

/** XEP-0313 §5. */
export function describeArchive(ids: ArchiveIds, ends: readonly [number, number] | undefined): Element {
  if (ends === undefined) return metadata();
  const [first, last] = ends;
  const at = (id: number) => ({ id: ids.toText(id), timestamp: formatDateTime(timeOf(id)) });
  return metadata({}, start(at(first)), end(at(last)));
}
