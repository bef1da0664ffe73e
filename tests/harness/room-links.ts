/** What clients of the load do in rooms (tests/bench/load), for tests with real connections. */
import assert from "node:assert/strict";
import type { Link } from "#test/bench/load/link.ts";
import { attribute, type Client } from "#test/bench/load/login.ts";

type Linked = Pick<Client, "link">;

/** Sends the request to enter. */
export function enter({ link }: Linked, room: string, nick: string): void {
  link.send(`<presence to='${room}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
}

/** Enters a new room and opens it. */
export async function found(client: Linked, room: string, nick: string): Promise<void> {
  enter(client, room, nick);
  await until(client.link, (stanza) => stanza.includes("<subject"));
  const form = "<x xmlns='jabber:x:data' type='submit'/>";
  await ask(
    client.link,
    "set",
    room,
    `<query xmlns='http://jabber.org/protocol/muc#owner'>${form}</query>`,
    `open ${room}`,
  );
}

/** The next stanza that fits; others are passed over. */
export async function until(link: Link, fits: (stanza: string) => boolean): Promise<string> {
  for (;;) {
    const stanza = await link.next();
    if (fits(stanza)) return stanza;
  }
}

/** The result of a request; what else comes before it is passed over. */
export async function ask(link: Link, type: "get" | "set", to: string, payload: string, id: string): Promise<string> {
  link.send(`<iq type='${type}' to='${to}' id='${id}'>${payload}</iq>`);
  const answer = await until(link, (stanza) => stanza.startsWith("<iq") && attribute(stanza, "id") === id);
  assert.equal(attribute(answer, "type"), "result", answer);
  return answer;
}
