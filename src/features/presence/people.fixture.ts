import type { Jid } from "#jid/jid.ts";

/** What is used here of a client of a scenario. */
interface Client {
  readonly jid: Jid;
  sends(text: string): Promise<void>;
  receives(text: string): Promise<unknown>;
  receivesInAnyOrder(...texts: string[]): Promise<unknown>;
  exchange(sent: string, expected: string): Promise<unknown>;
}

/** Makes a client interested in roster pushes. */
export async function follow(client: Client): Promise<void> {
  await client.exchange(
    "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='roster'/>",
  );
}

/** A roster push of one item, as the attributes say. */
export function push(attributes: string): string {
  return `<iq type='set'><query xmlns='jabber:iq:roster'><item ${attributes}/></query></iq>`;
}

/** Prosody confirms each request with unavailable presence from the bare JID. The RFC does not ask for it; ours is silent. */
export async function acknowledged(client: Client, contact: string): Promise<void> {
  if (process.env.TARGET === "prosody") await client.receives(`<presence type='unavailable' from='${contact}'/>`);
}

/** What is used here of a server. */
interface Sessions {
  readonly sessions: { of(account: Jid): readonly unknown[] };
}

/** Waits until an account has no session left. */
export async function offline({ sessions }: Sessions, client: Client): Promise<void> {
  while (sessions.of(client.jid).length > 0) await new Promise(setImmediate);
}

/** Takes a contact off the list of a client that follows its roster. */
export async function removes(client: Client, contact: string): Promise<void> {
  const item = `<item jid='${contact}' subscription='remove'/>`;
  await client.sends(`<iq type='set' id='remove'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
  await client.receivesInAnyOrder("<iq type='result' id='remove'/>", push(`jid='${contact}' subscription='remove'`));
}

/** The refusal of a presence. */
export function refused(id: string, condition: string): string {
  return `<presence type='error' id='${id}'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`;
}

/** `watcher` gets the presence of `watched` from now on; both are available, and not interested in pushes. */
export async function subscribe(watcher: Client, watched: Client): Promise<void> {
  const asks = watcher.jid.bare;
  await watcher.sends(`<presence type='subscribe' to='${watched.jid.bare}'/>`);
  await watched.receives(`<presence type='subscribe' from='${asks}'/>`);
  await acknowledged(watcher, `${watched.jid.bare}`);
  await watched.sends(`<presence type='subscribed' to='${asks}'/>`);
  await watcher.receives(`<presence from='${watched}' to='${asks}'/>`);
}

/** Both get the presence of each other. */
export async function befriend(one: Client, other: Client): Promise<void> {
  await subscribe(one, other);
  await subscribe(other, one);
  // Prosody asks once more for the presence of the one whose subscription is now mutual.
  if (process.env.TARGET === "prosody") await one.receives(`<presence from='${other}'/>`);
}

/** All that `sender` did so far has reached `recipient`, who has got nothing of it. */
export async function nothingPassed(sender: Client, recipient: Client): Promise<void> {
  await sender.sends(`<presence id='nothing' to='${recipient.jid}'/>`);
  await recipient.receives(`<presence id='nothing' from='${sender.jid}'/>`);
}
