import { delay } from "#stanza/delay.ts";
import { body } from "#stanza/stanza.ts";
import { type PurpleClient, stanzaOf } from "./client.ts";

/** A message as it came to libpurple. */
export interface Came {
  readonly body: string;
  readonly id: string;
  /** It said when it was sent. */
  readonly delayed: boolean;
  /** The server knows for certain that libpurple has it. */
  acknowledged: boolean;
}

/**
 * What came to libpurple over each of its connections, in order, from its story. The server asks again only once it has
 * the answer to its question before: what was answered then is certain when the next question has come.
 */
export function visits(client: PurpleClient): Came[][] {
  const all: Came[][] = [];
  let stanzas: (Came | undefined)[] = [];
  let answered: number | undefined;
  for (const { event, text = "" } of client.story) {
    if (event === "xml-received" && text.startsWith("<enabled ")) {
      stanzas = [];
      answered = undefined;
      all.push([]);
    } else if (event === "xml-received" && /^<(iq|message|presence)[\s/>]/.test(text)) {
      const came = messageOf(text);
      stanzas.push(came);
      if (came !== undefined) all.at(-1)!.push(came);
    } else if (event === "xml-received" && text.startsWith("<r ")) {
      for (const came of stanzas.slice(0, answered ?? 0)) if (came !== undefined) came.acknowledged = true;
      answered = undefined;
    } else if (event === "xml-sent" && text.startsWith("<a ")) {
      answered ??= Number(/ h='(\d+)'/.exec(text)![1]);
    }
  }
  return all;
}

function messageOf(text: string): Came | undefined {
  const stanza = stanzaOf({ text });
  const said = stanza.child(body)?.text;
  if (said === undefined) return undefined;
  return { body: said, id: stanza.attrs.id ?? "", delayed: stanza.child(delay) !== undefined, acknowledged: false };
}
