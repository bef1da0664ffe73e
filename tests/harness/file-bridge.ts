import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { uploadedFiles } from "#features/http-upload/index.ts";
import { destination } from "#features/proxy65/index.ts";
import type { Element } from "#xml/element.ts";
import type { Client } from "./client.ts";
import type { ScenarioOptions, Stage } from "./scenario.ts";
import { activation, type Socks, waiting } from "./socks.ts";

export const bytestreams = "http://jabber.org/protocol/bytestreams";
export const inBand = "http://jabber.org/protocol/ibb";
export const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
const profile = "http://jabber.org/protocol/si/profile/file-transfer";

/** Scenarios of the bridge: there is room on the disk, whatever the machine. */
export function bridged(values: object = {}, more: ScenarioOptions = {}): ScenarioOptions {
  const settings = { "http-upload": { reserve: "1 KiB" }, "file-bridge": values, ...more.settings };
  return { skipOn: ["prosody", "service"], why: "nobody else does this", ...more, settings };
}

/** As if there were a listener for HTTPS. */
export function open({ assembly }: Stage): void {
  assembly.routes.securePort = 5443;
}

export interface Offered {
  readonly id?: string;
  readonly sid?: string;
  readonly name?: string;
  readonly size: number | string;
  readonly hash?: string;
  readonly methods?: readonly string[];
  readonly type?: string;
}

/** Stream Initiation, as Pidgin sends it. */
export function offer(to: Client | string, offered: Offered): string {
  const { id = "offer", sid = "s1", name = "été.pdf", size, hash, methods = [bytestreams, inBand], type } = offered;
  const options = methods.map((method) => `<option><value>${method}</value></option>`).join("");
  return `<iq type='set' id='${id}' to='${to}'>
    <si xmlns='http://jabber.org/protocol/si' id='${sid}' profile='${profile}' ${type ? `mime-type='${type}'` : ""}>
    <file xmlns='${profile}' name='${name}' size='${size}' ${hash ? `hash='${hash}'` : ""}/>
    <feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='form'>
      <field var='stream-method' type='list-single'>${options}</field></x></feature></si></iq>`;
}

export function accepted(method: string, id = "offer"): string {
  return `<iq type='result' id='${id}'><si xmlns='http://jabber.org/protocol/si'>
    <feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='submit'>
    <field var='stream-method'><value>${method}</value></field></x></feature></si></iq>`;
}

export function refused(condition: string, id = "offer"): string {
  return `<iq type='error' id='${id}'><error><${condition} xmlns='${stanzas}'/><text xmlns='${stanzas}'>…</text></error></iq>`;
}

/** The sender offers streamhosts and chooses its own proxy; resolves with its connection there, not yet begun. */
export async function proxied(stage: Stage, from: Client, to: string, options: { sid?: string; at?: string } = {}) {
  const { sid = "s1", at = from.jid.domain } = options;
  await from.exchange(
    `<iq type='set' id='hosts' to='${to}'><query xmlns='${bytestreams}' sid='${sid}'>
      <streamhost jid='${from}' host='192.0.2.9' port='5086'/><streamhost jid='${at}' host='${at}' port='7777'/>
      </query></iq>`,
    `<iq type='result' id='hosts' from='${to}'><query xmlns='${bytestreams}' sid='${sid}'><streamhost-used jid='${at}'/></query></iq>`,
  );
  const socks = await waiting(stage, destination(sid, `${from}`, to));
  await from.exchange(activation(sid, to, at), `<iq type='result' id='${sid}'/>`);
  return socks;
}

/** The whole way of a file by the proxy. */
export async function sendsByProxy(stage: Stage, from: Client, to: string, file: Buffer): Promise<Socks> {
  await from.exchange(offer(to, { size: file.length }), accepted(bytestreams));
  const socks = await proxied(stage, from, to);
  socks.writes(file);
  socks.socket.end();
  return socks;
}

export function opens(to: Client | string, { sid = "s1", size = 4096, stanza = "iq" } = {}): string {
  return `<iq type='set' id='open' to='${to}'><open xmlns='${inBand}' sid='${sid}' block-size='${size}' stanza='${stanza}'/></iq>`;
}

export function block(to: Client | string, seq: number, bytes: Buffer | string, sid = "s1"): string {
  const text = typeof bytes === "string" ? bytes : bytes.toString("base64");
  return `<iq type='set' id='b${seq}' to='${to}'><data xmlns='${inBand}' sid='${sid}' seq='${seq}'>${text}</data></iq>`;
}

/** The whole way of a file in-band. */
export async function sendsInBand(from: Client, to: string, file: Buffer, sid = "s1"): Promise<void> {
  await from.exchange(opens(to, { sid }), "<iq type='result' id='open'/>");
  for (let at = 0, seq = 0; at < file.length; at += 4096, seq++) {
    await from.sends(block(to, seq, file.subarray(at, at + 4096), sid));
    if (at + 4096 < file.length) await from.receives(`<iq type='result' id='b${seq}'/>`);
  }
}

/** The file that a message links to is there, and is this one. */
export async function leadsTo({ assembly }: Stage, message: Element, file: Buffer): Promise<URL> {
  const link = message.elements.find(({ name }) => name === "body")!.text;
  const files = uploadedFiles(assembly.server)!;
  const stored = await files.linked(link);
  assert.ok(stored, link);
  const content = await buffer((await files.read(stored.id))!);
  assert.equal(createHash("sha256").update(content).digest("hex"), createHash("sha256").update(file).digest("hex"));
  return new URL(link);
}

/** What a message with the link to a file has. */
export function linking(file: Buffer, attributes: string, name = "été.pdf"): string {
  const sum = createHash("sha256").update(file).digest("base64");
  return `<message ${attributes}><body>…</body><x xmlns='jabber:x:oob'><url>…</url></x>
    <file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><name>${name}</name>
      <size>${file.length}</size><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>${sum}</hash></file></file-sharing></message>`;
}

/** A presence that announces what a client can (XEP-0115). */
export function capable(features: readonly string[]): string {
  return `<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://web.example' ver='${verOf(features)}'/></presence>`;
}

function verOf(features: readonly string[]): string {
  const sorted = [...features].sort().map((one) => `${one}<`);
  return createHash("sha1")
    .update(`client/web//<${sorted.join("")}`)
    .digest("base64");
}

/** Announces what a client can, and lets the server learn it. */
export async function announces(client: Client, features: readonly string[]): Promise<void> {
  await client.sends(capable(features));
  for (;;) {
    const stanza = await client.next("a question about features");
    if (stanza.name !== "iq") continue;
    await client.sends(
      `<iq type='result' id='${stanza.attrs.id}' to='${stanza.attrs.from}'>
        <query xmlns='http://jabber.org/protocol/disco#info' node='https://web.example#${verOf(features)}'>
        <identity category='client' type='web'/>${features.map((one) => `<feature var='${one}'/>`).join("")}</query></iq>`,
    );
    return client.settles();
  }
}
