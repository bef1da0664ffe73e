import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";

/** The room of most scenarios. */
export const room = "verona@conference.example.com";
export const roomScenario = scenario;

/** The subject that comes last at an entry. */
export function subject(text = ""): string {
  return `<message type='groupchat'><subject>${text}</subject></message>`;
}

/** A client enters an existing room with these occupants and without history; gives its self-presence. */
export async function enters(
  client: Client,
  nick: string,
  others: readonly string[] = [],
  in_ = room,
): Promise<Element> {
  await client.sends(
    `<presence to='${in_}/${nick}'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x></presence>`,
  );
  if (others.length > 0) {
    await client.receivesInAnyOrder(...others.map((other) => `<presence from='${in_}/${other}'/>`));
  }
  const self = await client.receives(
    `<presence from='${in_}/${nick}'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`,
  );
  await client.receives(subject("…"));
  return self;
}

/** The owner accepts the defaults (§10.1.2). */
export async function instant(owner: Client, in_ = room): Promise<void> {
  await owner.exchange(
    `<iq type='set' id='instant' to='${in_}'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'/></query></iq>`,
    `<iq type='result' id='instant' from='${in_}'/>`,
  );
}

/** A client makes an instant room. */
export async function opens(owner: Client, nick: string, in_ = room): Promise<void> {
  await enters(owner, nick, [], in_);
  await instant(owner, in_);
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
