import { StanzaError } from "#stanza/error.ts";
import { rawValues, x } from "#stanza/form.ts";
import { type Element, tag } from "#xml/element.ts";
import type { Checksum } from "./intake.ts";
import { bytestreams, fileProfile, inBand, initiation, negotiation, offeredFile, si } from "./tags.ts";
import { malformed } from "./texts.ts";

/** The longest names of streams, files and types that are looked at. */
const longestSid = 512;
const longestName = 1023;

const field = tag("jabber:x:data", "field");
const option = tag("jabber:x:data", "option");
const value = tag("jabber:x:data", "value");
const noValidStreams = tag(initiation, "no-valid-streams");

/** A way for bytes to come. */
export type Method = typeof bytestreams | typeof inBand;

/** What somebody wants to send. */
export interface OfferedFile {
  readonly name: string;
  /** In bytes; at least one. */
  readonly size: number;
  /** Media type, as they say; "" where they do not. */
  readonly type: string;
  /** What it must sum up to, where they say so. */
  readonly checksum: Checksum | undefined;
}

/** An offer by Stream Initiation. */
export interface Offer {
  readonly sid: string;
  readonly file: OfferedFile;
  readonly methods: readonly Method[];
}

/** Whether it is an offer of a file. */
export function isOffer(payload: Element): boolean {
  return payload.is(si) && payload.attrs.profile === fileProfile;
}

/** XEP-0095 §3.2, XEP-0096 §3. @throws StanzaError `bad-request` */
export function readOffer(payload: Element): Offer {
  const { id: sid, "mime-type": type } = payload.attrs;
  const { name, size, hash } = payload.child(offeredFile)?.attrs ?? {};
  const checksum = hash !== undefined && /^[0-9a-fA-F]{32}$/.test(hash) ? Buffer.from(hash, "hex") : undefined;
  const methods = readMethods(payload);
  if (methods.length === 0)
    throw new StanzaError("bad-request", noMethod, { type: "cancel", detail: noValidStreams() });
  return {
    sid: readSid(sid),
    file: readFile({ name, size, type, checksum: checksum && { algorithm: "md5", digest: checksum } }),
    methods,
  };
}

/** @throws StanzaError `bad-request` */
export function readSid(sid: string | undefined): string {
  if (sid === undefined || sid === "" || sid.length > longestSid) throw new StanzaError("bad-request", malformed);
  return Buffer.from(sid).toString(); // a text that keeps no larger buffer alive
}

/** @throws StanzaError `bad-request` */
export function readFile(said: {
  readonly name: string | undefined;
  readonly size: string | undefined;
  readonly type: string | undefined;
  readonly checksum: Checksum | undefined;
}): OfferedFile {
  const { name, size, type = "", checksum } = said;
  if (name === undefined || name === "" || name.length > longestName) throw new StanzaError("bad-request", malformed);
  if (size === undefined || !/^0*[1-9]\d*$/.test(size)) throw new StanzaError("bad-request", malformed);
  return { name: Buffer.from(name).toString(), size: Number(size), type: type.slice(0, 127), checksum };
}

/** XEP-0095 §3.2: one of the methods is chosen. */
export function acceptance(method: Method): Element {
  const chosen = field({ var: "stream-method" }, value({}, method));
  return si({}, negotiation({}, x({ type: "submit" }, chosen)));
}

/** The offer of a file of ours. */
export function offering({ sid, file, methods }: Offer): Element {
  const options = methods.map((method) => option({}, value({}, method)));
  return si(
    { id: sid, profile: fileProfile, "mime-type": file.type },
    offeredFile({ name: file.name, size: `${file.size}` }),
    negotiation({}, x({ type: "form" }, field({ var: "stream-method", type: "list-single" }, ...options))),
  );
}

/** The method that the answer to an offer chooses. */
export function chosenMethod(answer: Element | undefined): Method | undefined {
  const form = answer?.child(negotiation)?.child(x);
  const [chosen] = form === undefined ? [] : (rawValues(form).get("stream-method") ?? []);
  return chosen === bytestreams || chosen === inBand ? chosen : undefined;
}

function readMethods(payload: Element): Method[] {
  const fields = payload.child(negotiation)?.child(x)?.all(field) ?? [];
  const methods = fields.find(({ attrs }) => attrs.var === "stream-method");
  const offered = (methods?.all(option) ?? []).slice(0, 20).map((one) => one.child(value)?.text);
  return [bytestreams, inBand].filter((method) => offered.includes(method)) as Method[];
}

const noMethod = {
  en: "The server takes files over SOCKS5 bytestreams or in-band bytestreams only.",
  fr: "Le serveur ne prend les fichiers que par flux SOCKS5 ou par flux dans la connexion (in-band).",
};
