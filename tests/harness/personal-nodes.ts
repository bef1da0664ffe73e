import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import type { Client } from "./client.ts";

const node = "http://client.example/";

/**
 * A client becomes available and wants to know of these nodes: it is asked what it can, and answers (XEP-0115). Each says
 * something else, so that each is asked.
 */
export function interested(client: Client, ...nodes: readonly string[]): Promise<void> {
  return introduced(client, [client.jid.domain], nodes);
}

/** Likewise, where several servers ask: its own, and those of its contacts. */
export async function introduced(client: Client, askers: readonly string[], nodes: readonly string[]): Promise<void> {
  const features = nodes.map((name) => `${name}+notify`).sort();
  const text = [`client/pc//${client}`, ...features].map((part) => `${part}<`).join("");
  const ver = createHash("sha1").update(text).digest("base64");
  const caps = `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='${node}' ver='${ver}'/>`;
  await client.becomesAvailable(`<presence>${caps}</presence>`);
  const asked: string[] = [];
  while (asked.length < askers.length) {
    const question = await passing(client, "presence");
    assert.equal(question.elements[0]?.attrs.node, `${node}#${ver}`);
    asked.push(Jid.parse(question.attrs.from ?? "").domain); // Prosody asks in the name of the account
    await answers(client, question, nodes);
  }
  assert.deepEqual(asked.toSorted(), [...askers].toSorted());
  await client.settles();
}

async function answers(client: Client, question: Element, nodes: readonly string[]): Promise<void> {
  const told = nodes
    .toSorted()
    .map((name) => `<feature var='${name}+notify'/>`)
    .join("");
  await client.sends(
    `<iq type='result' to='${question.attrs.from}' id='${question.attrs.id}'>
      <query xmlns='http://jabber.org/protocol/disco#info' node='${question.elements[0]?.attrs.node}'>
        <identity category='client' type='pc' name='${client}'/>${told}</query></iq>`,
  );
}

/** The next stanza of another kind: what comes of this kind meanwhile is passed over. */
export async function passing(client: Client, kind: string): Promise<Element> {
  for (;;) {
    const stanza = await client.next(`a stanza that is no ${kind}`);
    if (stanza.name !== kind) return stanza;
  }
}

const pubsub = "http://jabber.org/protocol/pubsub";

/** A request to publish. */
export function publication(name: string, item: string, options = ""): string {
  return `<iq type='set' id='publish'><pubsub xmlns='${pubsub}'><publish node='${name}'>${item}</publish>${options}</pubsub></iq>`;
}

/** Options of a publication (XEP-0060 §7.1.5). */
export function options(values: Readonly<Record<string, string>>): string {
  const fields = Object.entries({ FORM_TYPE: `${pubsub}#publish-options`, ...values }).map(
    ([name, value]) => `<field var='${name}'><value>${value}</value></field>`,
  );
  return `<publish-options><x xmlns='jabber:x:data' type='submit'>${fields.join("")}</x></publish-options>`;
}

/** What those who are interested get. */
export function notified(account: string, name: string, content: string): string {
  return `<message from='${account}' type='headline'><event xmlns='${pubsub}#event'>
    <items node='${name}'>${content}</items></event></message>`;
}

/** A request to read. */
export function reading(account: string, name: string, inside = ""): string {
  return `<iq type='get' id='read' to='${account}'><pubsub xmlns='${pubsub}'><items node='${name}'>${inside}</items></pubsub></iq>`;
}

/** The items that were read. */
export function read(name: string, content: string): string {
  return `<iq type='result' id='read'><pubsub xmlns='${pubsub}'><items node='${name}'>${content}</items></pubsub></iq>`;
}

/** A refusal with a condition of XEP-0060. */
export function refused(id: string, condition: string, detail: string): string {
  return `<iq type='error' id='${id}'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
    <${detail} xmlns='${pubsub}#errors'/></error></iq>`;
}
