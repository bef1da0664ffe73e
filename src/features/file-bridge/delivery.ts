import { randomUUID } from "node:crypto";
import type { Server } from "#core/host.ts";
import { background } from "#core/log.ts";
import { face, type LocalSession } from "#core/session.ts";
import { FileError, type Files, refusal, type StoredFile } from "#features/http-upload/index.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { languageOf, type Text } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import { hash } from "./tags.ts";
import { notSent, ourFault, putOnServer } from "./texts.ts";
import type { Parties, Transfer } from "./transfer.ts";

/** Out of Band Data (XEP-0066 §3). */
const outOfBand = tag("jabber:x:oob", "x");
const url = tag("jabber:x:oob", "url");
/** Stateless file sharing (XEP-0447): what a file is, and where it can be had. */
const fileSharing = tag("urn:xmpp:sfs:0", "file-sharing");
const sources = tag("urn:xmpp:sfs:0", "sources");
const urlData = tag("http://jabber.org/protocol/url-data", "url-data");
/** File metadata (XEP-0446). */
const metadata = "urn:xmpp:file:metadata:0";
const file = tag(metadata, "file");
const mediaType = tag(metadata, "media-type");
const fileName = tag(metadata, "name");
const fileSize = tag(metadata, "size");
const occupantMark = tag("http://jabber.org/protocol/muc#user", "x");

/** Where the files of somebody are reached, by the name under which their client knows us; undefined: nowhere. */
export function linkFor(
  files: Files,
  session: LocalSession,
  stored: Pick<StoredFile, "id" | "name">,
): string | undefined {
  return files.link(stored, session.get(face) || session.jid.domain);
}

/** Sends the link of a file as the sender's client would have done, and tells the sender. */
export function deliver(server: Server, files: Files, { parties }: Transfer, stored: StoredFile): void {
  const { session, recipient, reason } = parties;
  const link = linkFor(files, session, stored);
  if (link === undefined) return;
  const isThere = server.router.hosts.get(session.jid.domain)?.sessions.find(session.jid) === session;
  const sent = server.router.send({
    stanza: linkMessage(parties, stored, link),
    ...(isThere ? { origin: session } : {}),
  });
  background(server.log, sent, "the link of a file not sent");
  const until = new Date(files.ends(stored));
  tell(session, putOnServer({ reason, who: `${recipient}`, name: stored.name, link, until }));
}

/** Tells the sender why nothing came of it. */
export function explain(files: Files, { parties: { session }, file: { name } }: Transfer, problem: unknown): void {
  const { largest } = files;
  const cause = problem instanceof FileError ? refusal(problem.reason, { largest, retry: problem.retry }) : problem;
  tell(session, notSent(name, (cause instanceof StanzaError ? cause.explanation : undefined) ?? ourFault));
}

/** The link is the whole body: only then do clients show the file in its place. */
function linkMessage({ session, recipient, reason }: Parties, stored: StoredFile, link: string): Stanza {
  const isToOccupant = !recipient.isBare;
  const element = message(
    { type: reason === "room" ? "groupchat" : "chat", id: randomUUID() },
    body({}, link),
    outOfBand({}, url({}, link)),
    shared(stored, link),
    ...(isToOccupant ? [occupantMark()] : []),
  );
  return Stanza.of("message", element, session.jid, recipient);
}

function shared({ name, type, size, sha256 }: StoredFile, link: string): Element {
  const sum = Buffer.from(sha256).toString("base64");
  return fileSharing(
    {},
    file({}, mediaType({}, type), fileName({}, name), fileSize({}, `${size}`), hash({ algo: "sha-256" }, sum)),
    sources({}, urlData({ target: link })),
  );
}

/** A headline: it is shown, and not kept. */
function tell(session: LocalSession, text: Text): void {
  const language = languageOf(session.lang);
  const element = message({ type: "headline", id: randomUUID(), "xml:lang": language }, body({}, text[language]));
  session.send(Stanza.of("message", element, Jid.of("", session.jid.domain), session.jid));
}
