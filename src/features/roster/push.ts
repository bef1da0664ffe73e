import type { Host } from "#core/host.ts";
import { type Fact, fact, type Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { iq, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { describe, describeRemoved, type Item, query } from "./item.ts";

/** Whether the client has asked for the roster, so that it gets roster pushes (RFC 6121 §2.1.6, §2.2). */
export const interested: Fact<boolean> = fact("interested", false);

type Sessions = Pick<Host, "sessions">;

/** Tells the interested resources what an item has become (RFC 6121 §2.1.6). */
export function pushItem(host: Sessions, account: Jid, item: Item): void {
  push(host, account, toPush(account, describe(item), item.version));
}

/** Tells the interested resources that an item is gone (RFC 6121 §2.5.2). */
export function pushRemoval(
  host: Sessions,
  account: Jid,
  gone: { readonly contact: Jid; readonly version: number },
): void {
  push(host, account, toPush(account, describeRemoved(gone.contact), gone.version));
}

/** Tells one client what has become of an item since it was here last (RFC 6121 §2.6.3). */
export function pushTo(session: Session, account: Jid, item: Item): void {
  session.send(toPush(account, describe(item), item.version).toward(session.jid));
}

/** The version is the id as well: there is one change a version. */
function toPush(account: Jid, item: Element, version: number): Stanza<"iq"> {
  const ver = String(version);
  return Stanza.of("iq", iq({ type: "set", id: `roster-${ver}` }, query({ ver }, item)), account, account);
}

function push(host: Sessions, account: Jid, stanza: Stanza<"iq">): void {
  for (const session of host.sessions.of(account)) {
    if (session.get(interested)) session.send(stanza.toward(session.jid));
  }
}
