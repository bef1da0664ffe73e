import { type Hook, hook } from "#core/hooks.ts";
import type { LocalSession } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import type { Presence } from "#stanza/stanza.ts";

/**
 * A client has sent presence to everybody: it is kept, and those who may see it have it. `initial`: it was not available
 * before (RFC 6121 §4.2); else it has changed its presence (§4.4).
 */
export const becameAvailable: Hook<{
  readonly session: LocalSession;
  readonly stanza: Presence;
  readonly initial: boolean;
}> = hook("became available");

/** An available client has said that it is not any more, or its connection has ended (RFC 6121 §4.5). */
export const becameUnavailable: Hook<{ readonly session: LocalSession; readonly stanza: Presence }> =
  hook("became unavailable");

/**
 * The server is about to show presence of an account to somebody: in a broadcast, or because of a subscription. Whoever
 * takes the event prevents it. `from` is a full JID, `to` the contact. Where both are of this host, what is shown to
 * available clients of the contact does not pass `arriving`: handlers then speak for both.
 */
export const disclosing: Hook<{ readonly from: Jid; readonly to: Jid }> = hook("presence disclosed");
