import { randomBytes } from "node:crypto";
import { BoundSession } from "#core/bound-session.ts";
import type { LocalHost } from "#core/local-host.ts";
import type { Connection, LocalSession, Session } from "#core/session.ts";
import { type Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Element } from "#xml/element.ts";
import type { C2sSettings } from "./settings.ts";
import * as tags from "./tags.ts";

/** A client that has authenticated and asks for a resource. */
export interface Binder {
  readonly host: LocalHost;
  readonly account: Jid;
  readonly connection: Connection;
  readonly lang: string | undefined;
}

/** Binds a resource (RFC 6120 §7). @throws StanzaError as §7.6.2 and §7.7.2 name them */
export function bindResource(binder: Binder, request: Element, settings: C2sSettings): BoundSession {
  const { host, account } = binder;
  const wanted = request.child(tags.bindResource)?.text ?? "";
  const jid = wanted === "" ? invented(host, account) : prepared(account, wanted);
  const free = settleConflict(host, jid, settings.conflict);
  if (host.sessions.of(account).length >= settings.resources) throw new StanzaError("resource-constraint", tooMany);
  return BoundSession.open(host, free, binder.connection, binder.lang);
}

function prepared(account: Jid, resource: string): Jid {
  try {
    return account.withResource(resource);
  } catch (problem) {
    if (problem instanceof JidError) throw new StanzaError("bad-request", badResource); // RFC 6120 §7.7.2.1
    throw problem;
  }
}

/** RFC 6120 §7.7.2.2: what happens when the resource is in use. */
function settleConflict(host: LocalHost, jid: Jid, policy: C2sSettings["conflict"]): Jid {
  const other = host.sessions.find(jid);
  if (other === undefined) return jid;
  if (policy === "refuse") throw new StanzaError("conflict", inUse, { type: "modify" });
  if (policy === "rename") return invented(host, jid.bare);
  endHere(other);
  return jid;
}

function endHere(session: Session): void {
  if ("connection" in session)
    (session as LocalSession).connection.end("conflict", "Another client took this resource");
}

function invented(host: LocalHost, account: Jid): Jid {
  for (;;) {
    const jid = account.withResource(randomBytes(9).toString("base64url"));
    if (host.sessions.find(jid) === undefined) return jid;
  }
}

const tooMany = {
  en: "You have too many clients connected. Disconnect one of them first.",
  fr: "Trop de vos clients sont connectés. Déconnectez d'abord l'un d'eux.",
};
const badResource = {
  en: "This resource name has characters that are not allowed.",
  fr: "Ce nom de ressource contient des caractères interdits.",
};
const inUse = {
  en: "Another of your clients uses this resource name. Choose another one.",
  fr: "Un autre de vos clients utilise ce nom de ressource. Choisissez-en un autre.",
};
