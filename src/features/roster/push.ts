import type { Host } from "#core/host.ts";
import { type Fact, fact, type Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import { iq, Stanza } from "#stanza/stanza.ts";
import { describe, describeRemoved, type ItemChange, query } from "./item.ts";

/** Whether the client has asked for the roster, so that it gets roster pushes (RFC 6121 §2.1.6, §2.2). */
export const interested: Fact<boolean> = fact("interested", false);

type Sessions = Pick<Host, "sessions">;

/** What has become of a contact. */
export interface News {
  readonly contact: Jid;
  /** Undefined if it is gone. */
  readonly item: ItemChange | undefined;
  /** The version of the roster that comes with it. */
  readonly ver: string;
}

/** Tells the interested resources what has become of a contact (RFC 6121 §2.1.6, §2.5.2). */
export function pushNews(host: Sessions, account: Jid, news: News): void {
  const stanza = toPush(account, news);
  for (const session of host.sessions.of(account)) {
    if (session.get(interested)) session.send(stanza.toward(session.jid));
  }
}

/** Tells one client what has become of a contact since it was here last (RFC 6121 §2.6.3). */
export function pushTo(session: Session, account: Jid, news: News): void {
  session.send(toPush(account, news).toward(session.jid));
}

/** Whether any client of an account wants to know. */
export function anyInterested(host: Sessions, account: Jid): boolean {
  return host.sessions.of(account).some((session) => session.get(interested));
}

/** The version is the id as well: there is one change a version. */
function toPush(account: Jid, { contact, item, ver }: News): Stanza<"iq"> {
  const change = item === undefined ? describeRemoved(contact) : describe(item);
  return Stanza.of("iq", iq({ type: "set", id: `roster-${ver}` }, query({ ver }, change)), account, account);
}
