import type { Presence, Stanza } from "#stanza/stanza.ts";
import { type Hook, hook } from "./hooks.ts";
import type { LocalSession } from "./session.ts";

/** A stanza on its way. Handlers may replace the stanza; the rest stays. */
export interface Packet {
  stanza: Stanza;
  /** The session that sent it, if it is one of this node. */
  readonly origin?: LocalSession | undefined;
  /** Its sender was told that it has come: it is too late for a refusal. */
  readonly promised?: boolean;
}

/** A local client sends it; fired on its own host, before routing. */
export const sending: Hook<Packet> = hook("sending");
/** It reached the domain of its recipient. */
export const arriving: Hook<Packet> = hook("arriving");
/** It goes to another server; fired on its sender's host, last before it leaves. */
export const leaving: Hook<Packet> = hook("leaving");
/** It came from another server; `as` is the domain it was addressed to, an alias or the name of the host itself. */
export const entering: Hook<Packet & { readonly as: string }> = hook("entering");
/** A message to an account that no session took: offline storage, push. */
export const unclaimed: Hook<Packet> = hook("unclaimed");
/** A client sends presence without `to` (RFC 6121 §4.2, §4.4, §4.5); `to` of the stanza is the own bare JID. */
export const presenting: Hook<{ stanza: Presence; readonly origin: LocalSession }> = hook("presenting");
