/**
 * Speed of the XML parser in MB per second of CPU, beside saxes: `node tests/bench/xml.ts`. The stream is a mix of what
 * a chat server sees, cut into pieces of 1 460 bytes; "full tree" touches every element, attribute and text of it.
 */
import { SaxesParser } from "saxes";
import { fromBytes, toBytes } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { Parser } from "#xml/parser.ts";

const limits = { stanzaBytes: 1 << 20, depth: 100, attributes: 100, elements: 10_000 };
const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

function chat(index: number): string {
  return `<message from='user${index}@example.com/phone' to='friend${index}@example.com' id='m${index}' type='chat'><body>Bonjour, this is message number ${index} of today</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/><origin-id xmlns='urn:xmpp:sid:0' id='m${index}'/></message>`;
}

function accents(index: number): string {
  return `<message from='user${index}@example.com/phone' to='friend${index}@example.com' id='m${index}' type='chat'><body>L'été dernier, à la fenêtre — « déjà » l'élève &amp; le maître 👩‍💻 ${index}</body></message>`;
}

function presence(index: number): string {
  return `<presence from='room@rooms.example.com/nick${index}' to='user@example.com/phone'><show>away</show><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://client.example.org' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='member' role='participant' jid='user${index}@example.com/phone'/></x></presence>`;
}

function roster(index: number): string {
  const item = (number: number) =>
    `<item jid='contact${number}@example.com' name='Contact ${number}' subscription='both'><group>Friends</group></item>`;
  return `<iq type='result' id='r${index}' to='user@example.com/phone'><query xmlns='jabber:iq:roster' ver='${index}'>${Array.from({ length: 50 }, (_, number) => item(number)).join("")}</query></iq>`;
}

function encrypted(index: number): string {
  const key = (number: number) => `<key rid='${number}'>MwohBS${"pXy0Q7vK2mB9".repeat(10)}${number}</key>`;
  return `<message from='user${index}@example.com/phone' to='friend${index}@example.com' id='m${index}' type='chat'><encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'>${Array.from({ length: 8 }, (_, number) => key(number)).join("")}<iv>BASE64ENCODED</iv></header><payload>${"QUJD".repeat(30)}</payload></encrypted><store xmlns='urn:xmpp:hints'/></message>`;
}

function archived(index: number): string {
  return `<message to='user@example.com/phone'><result xmlns='urn:xmpp:mam:2' queryid='q' id='a${index}'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>${chat(index).replace("<message", "<message xmlns='jabber:client'")}</forwarded></result></message>`;
}

function picture(index: number): string {
  return `<iq type='result' id='v${index}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'><item id='111'><data xmlns='urn:xmpp:avatar:data'>${"iVBORw0KGgoAAAANSUhEUg".repeat(370)}</data></item></items></pubsub></iq>`;
}

function corpus(): string[] {
  const stanzas: string[] = [];
  for (let index = 0; index < 4000; index++) {
    const kind = index % 100;
    if (kind < 45) stanzas.push(chat(index));
    else if (kind < 55) stanzas.push(accents(index));
    else if (kind < 80) stanzas.push(presence(index));
    else if (kind < 90) stanzas.push(archived(index));
    else if (kind < 98) stanzas.push(encrypted(index));
    else stanzas.push(kind === 98 ? roster(index) : picture(index));
  }
  return stanzas.map(toBytes);
}

function pieces(bytes: string): string[] {
  const cut: string[] = [];
  // A network read is a string of its own, not a slice of another.
  for (let at = 0; at < bytes.length; at += 1460)
    cut.push(Buffer.from(bytes.slice(at, at + 1460), "latin1").toString("latin1"));
  return cut;
}

/** Runs the work for a while after warming up; returns MB per second of CPU. */
function measure(size: number, work: () => void): number {
  for (const end = performance.now() + 800; performance.now() < end; ) work();
  const before = process.cpuUsage();
  let rounds = 0;
  for (const end = performance.now() + 1200; performance.now() < end; rounds++) work();
  const { user, system } = process.cpuUsage(before);
  return (size * rounds) / (user + system);
}

let sink = 0;

function walk(element: Element): void {
  for (const key in element.attrs) sink += element.attrs[key]!.length;
  for (const node of element.children) {
    if (typeof node === "string") sink += node.length;
    else walk(node);
  }
}

function read(cut: readonly string[], use: (element: Element) => void): void {
  const parser = new Parser(limits);
  for (const piece of cut) {
    parser.push(piece);
    for (let next = parser.next(); typeof next === "object"; next = parser.next()) use(next);
  }
}

function route(element: Element): void {
  const { attrs } = element;
  sink += (attrs.to?.length ?? 0) + (attrs.id?.length ?? 0) + element.elements.length;
}

function saxes(text: string): void {
  interface Open {
    readonly attrs: Record<string, string>;
    readonly nodes: (Open | string)[];
  }
  const parser = new SaxesParser({ xmlns: true, fragment: true });
  const open: Open[] = [{ attrs: {}, nodes: [] }];
  parser.on("opentag", (found) => {
    const attrs: Record<string, string> = {};
    for (const key in found.attributes) attrs[key] = found.attributes[key]!.value;
    const element = { ns: found.uri, name: found.local, attrs, nodes: [] };
    open.at(-1)!.nodes.push(element);
    open.push(element);
  });
  parser.on("closetag", () => {
    open.pop();
    if (open.length === 2) open[1]!.nodes.length = 0;
  });
  parser.on("text", (part) => void open.at(-1)!.nodes.push(part));
  for (let at = 0; at < text.length; at += 1460) parser.write(text.slice(at, at + 1460));
  sink += open.length;
}

const stanzas = corpus();
const stream = header + stanzas.join("");
const cut = pieces(stream);
const parsed: Element[] = [];
read(cut, (element) => parsed.push(element.name === "stream" ? element : element.compact()));
const trees = parsed.map((element) => element.holding(...element.children));

const rows: [string, number][] = [
  ["frame, validate, head", measure(stream.length, () => read(cut, route))],
  [
    "the same, written with a new `to`",
    measure(stream.length, () =>
      read(cut, (element) => {
        sink += Buffer.from(element.with({ to: "x@example.com" }).wire("jabber:client"), "latin1").length;
      }),
    ),
  ],
  ["full tree", measure(stream.length, () => read(cut, walk))],
  ["full tree, saxes", measure(stream.length, () => saxes(fromBytes(stream)))],
  [
    "serialise built trees",
    measure(stream.length, () => {
      for (const tree of trees)
        sink += tree
          .with({})
          .holding(...tree.children)
          .wire("jabber:client").length;
    }),
  ],
];
for (const [name, speed] of rows) console.log(`${name.padEnd(40)} ${speed.toFixed(0).padStart(5)} MB/s`);
console.log(`${stanzas.length} stanzas, ${Math.round(stream.length / stanzas.length)} bytes each (${sink % 2})`);
