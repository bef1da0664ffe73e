import { StanzaError } from "#stanza/error.ts";
import { type Element, tag } from "#xml/element.ts";
import type { Checksum } from "./intake.ts";
import { type OfferedFile, readFile, readSid } from "./offer.ts";
import { content, hash, jingleFiles, jingleInBand, jingleSocks } from "./tags.ts";
import { malformed } from "./texts.ts";

/** The algorithms of XEP-0300 that are checked, and their names in Node. */
const algorithms: Readonly<Record<string, Checksum["algorithm"]>> = {
  "sha-1": "sha1",
  "sha-256": "sha256",
  "sha-512": "sha512",
};

/** A file that is offered by Jingle (XEP-0234 §6.1). */
export interface JingleOffer {
  readonly sid: string;
  /** As it was offered; the answers repeat it. */
  readonly content: Element;
  readonly description: Element;
  readonly file: OfferedFile;
  readonly transport: JingleTransport;
}

/** How it is to come. */
export interface JingleTransport {
  readonly element: Element;
  readonly sid: string;
}

/** Whether somebody offers a file, and nothing else. */
export function isJingleOffer(payload: Element): boolean {
  const [only, ...more] = payload.all(content);
  if (payload.attrs.action !== "session-initiate" || only === undefined || more.length > 0) return false;
  return (only.attrs.senders ?? "initiator") !== "responder" && descriptionIn(only) !== undefined;
}

/** @throws StanzaError `bad-request`, `feature-not-implemented` */
export function readJingleOffer(payload: Element): JingleOffer {
  const [offered] = payload.all(content);
  const description = offered && descriptionIn(offered);
  const transport = readTransport(payload);
  if (offered === undefined || description === undefined) throw new StanzaError("bad-request", malformed);
  if (transport === undefined) throw new StanzaError("feature-not-implemented", noTransport);
  const { ns } = description;
  const file = description.child(tag(ns, "file"));
  const said = (name: string) => file?.child(tag(ns, name))?.text;
  return {
    sid: readSid(payload.attrs.sid),
    content: offered.compact(),
    description: description.compact(),
    file: readFile({ name: said("name"), size: said("size"), type: said("media-type"), checksum: checksumIn(file) }),
    transport,
  };
}

/** The transport of the one content of an action; undefined where it is none that we know. */
export function readTransport(payload: Element): JingleTransport | undefined {
  const [only] = payload.all(content);
  const element = only?.child(tag(jingleSocks, "transport")) ?? only?.child(tag(jingleInBand, "transport"));
  return element && { element: element.compact(), sid: readSid(element.attrs.sid) };
}

function descriptionIn(offered: Element): Element | undefined {
  for (const version of jingleFiles) {
    const found = offered.child(tag(version, "description"));
    if (found !== undefined) return found;
  }
  return undefined;
}

function checksumIn(file: Element | undefined): Checksum | undefined {
  for (const { attrs, text } of file?.all(hash) ?? []) {
    const algorithm = algorithms[attrs.algo ?? ""];
    const digest = Buffer.from(text, "base64");
    if (algorithm !== undefined && digest.length > 0) return { algorithm, digest };
  }
  return undefined;
}

const noTransport = {
  en: "The server takes files over SOCKS5 bytestreams or in-band bytestreams only.",
  fr: "Le serveur ne prend les fichiers que par flux SOCKS5 ou par flux dans la connexion (in-band).",
};
