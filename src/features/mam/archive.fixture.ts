import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Element } from "#xml/element.ts";

/** A client of a scenario. */
export interface Client {
  next(): Promise<Element>;
  sends(text: string): Promise<void>;
  settles(): Promise<void>;
  exchange(sent: string, expected: string): Promise<Element>;
}

/** The form of a query. */
export const form = (...fields: string[]) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>${fields.join("")}</x>`;
export const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
export const rsm = (...parts: string[]) => `<set xmlns='http://jabber.org/protocol/rsm'>${parts.join("")}</set>`;

export interface Answer {
  /** Of the messages, in the order in which they came. */
  readonly ids: readonly string[];
  readonly bodies: readonly string[];
  readonly results: readonly Element[];
  readonly fin: Element;
  readonly set: Element;
}

/** Sends a query, to somebody's archive or one's own, and takes the messages and the result. */
export async function ask(client: Client, content = "", attributes = "", to = ""): Promise<Answer> {
  const id = randomUUID();
  const address = to === "" ? "" : ` to='${to}'`;
  await client.sends(
    `<iq type='set' id='${id}'${address}><query xmlns='urn:xmpp:mam:2'${attributes}>${content}</query></iq>`,
  );
  const results: Element[] = [];
  for (;;) {
    const stanza = await client.next();
    if (stanza.name === "iq") {
      assert.equal(stanza.attrs.type, "result", stanza.toString());
      assert.equal(stanza.attrs.id, id);
      const fin = stanza.elements[0]!;
      const found = results.map((message) => message.elements[0]!);
      return {
        ids: found.map((result) => result.attrs.id!),
        bodies: found.map((result) => bodyOf(result)),
        results,
        fin,
        set: fin.elements[0]!,
      };
    }
    if (stanza.name === "message" && stanza.elements[0]?.name === "result") results.push(stanza);
  }
}

/** The message in a `<result/>`. */
export function messageOf(result: Element): Element {
  return result.elements[0]!.elements.find((child) => child.name === "message")!;
}

function bodyOf(result: Element): string {
  return messageOf(result).elements.find((child) => child.name === "body")?.text ?? "";
}

/** The text of a child of an `<set/>`. */
export function textOf(set: Element, name: string): string | undefined {
  return set.elements.find((child) => child.name === name)?.text;
}

/** A query is refused. */
export async function refuses(client: Client, content: string, condition: string, to = ""): Promise<void> {
  const address = to === "" ? "" : ` to='${to}'`;
  await client.exchange(
    `<iq type='set' id='refused'${address}><query xmlns='urn:xmpp:mam:2'>${content}</query></iq>`,
    `<iq type='error' id='refused'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
}

/** Writes messages of type chat. */
export async function write(from: Client, to: string, ...bodies: string[]): Promise<void> {
  for (const body of bodies) await from.sends(`<message to='${to}' type='chat'><body>${body}</body></message>`);
  await from.settles();
}
