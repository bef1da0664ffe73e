import type { Client } from "#test/harness/client.ts";

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

/** `watcher` gets the presence of `watched` from now on; both are available, and not interested in pushes. */
export async function subscribe(watcher: Client, watched: Client): Promise<void> {
  const asks = watcher.jid.bare;
  await watcher.sends(`<presence type='subscribe' to='${watched.jid.bare}'/>`);
  await watched.receives(`<presence type='subscribe' from='${asks}'/>`);
  await watched.sends(`<presence type='subscribed' to='${asks}'/>`);
  await watcher.receives(`<presence from='${watched}' to='${asks}'/>`);
}

/** Both get the presence of each other. */
export async function befriend(one: Client, other: Client): Promise<void> {
  await subscribe(one, other);
  await subscribe(other, one);
}
