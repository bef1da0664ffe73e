import type { Element } from "#xml/element.ts";

/** A client of a scenario. */
export interface Client {
  sends(text: string): Promise<void>;
  receives(text: string): Promise<Element>;
  receivesInAnyOrder(...texts: string[]): Promise<Element[]>;
  exchange(sent: string, expected: string): Promise<Element>;
}

/** The room of most scenarios. */
export const room = "verona@conference.example.com";

/** The subject that comes last at an entry. */
export function subject(text = ""): string {
  return `<message type='groupchat'><subject>${text}</subject></message>`;
}

/** A client enters an existing room with these occupants and without history; gives its self-presence. */
export async function enters(
  client: Client,
  nick: string,
  others: readonly string[] = [],
  where = room,
): Promise<Element> {
  await client.sends(
    `<presence to='${where}/${nick}'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x></presence>`,
  );
  if (others.length > 0) {
    await client.receivesInAnyOrder(...others.map((other) => `<presence from='${where}/${other}'/>`));
  }
  const self = await client.receives(
    `<presence from='${where}/${nick}'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`,
  );
  await client.receives(subject("…"));
  return self;
}

/** The owner accepts the defaults (§10.1.2). */
export async function instant(owner: Client, where = room): Promise<void> {
  await owner.exchange(
    `<iq type='set' id='instant' to='${where}'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'/></query></iq>`,
    `<iq type='result' id='instant' from='${where}'/>`,
  );
}

/** A client makes an instant room. */
export async function opens(owner: Client, nick: string, where = room): Promise<void> {
  await enters(owner, nick, [], where);
  await instant(owner, where);
}

/** The owner sets fields of the configuration; what the room says of it to the owner comes first. */
export async function configures(
  owner: Client,
  fields: Readonly<Record<string, string | readonly string[]>>,
): Promise<void> {
  const all = { FORM_TYPE: "http://jabber.org/protocol/muc#roomconfig", ...fields };
  const written = Object.entries(all).map(([name, value]) => {
    const values = [value].flat().map((text) => `<value>${text}</value>`);
    return `<field var='${name}'>${values.join("")}</field>`;
  });
  await owner.sends(`<iq type='set' id='configure' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>
    <x xmlns='jabber:x:data' type='submit'>${written.join("")}</x></query></iq>`);
}

/** A request to the room; the id is `q`. */
export function request(type: "get" | "set", what: "admin" | "owner", content: string, where = room): string {
  return `<iq type='${type}' id='q' to='${where}'><query xmlns='http://jabber.org/protocol/muc#${what}'>${content}</query></iq>`;
}

/** A refusal of such a request. */
export function refusal(condition: string): string {
  return `<iq type='error' id='q'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;
}

/** A presence of an occupant with an item and status codes. */
export function seen(nick: string, item: string, codes: readonly number[] = [], type = ""): string {
  const statuses = codes.map((code) => `<status code='${code}'/>`).join("");
  const kind = type === "" ? "" : ` type='${type}'`;
  return `<presence from='${room}/${nick}'${kind}><x xmlns='http://jabber.org/protocol/muc#user'><item ${item}/>${statuses}</x></presence>`;
}

/** An error in answer to what was sent to the room. */
export function failed(kind: "presence" | "message", condition: string): string {
  return `<${kind} type='error'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></${kind}>`;
}

/** What enters a room, with what is in the request. */
export function entering(nick: string, content = "<history maxchars='0'/>", where = room): string {
  return `<presence to='${where}/${nick}'><x xmlns='http://jabber.org/protocol/muc'>${content}</x></presence>`;
}

/** Those in the room learn what somebody outside has become (§10.3). */
export function listed(jid: string, affiliation: string): string {
  return `<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='${jid}'
    affiliation='${affiliation}'/></x></message>`;
}

/** Somebody outside learns what they have become (§18.1). */
export function outside(affiliation: string): string {
  return `<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='${affiliation}'/>
    <status code='101'/></x></message>`;
}
