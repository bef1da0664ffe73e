import { type Tag, tag } from "#xml/element.ts";

/** Stream Initiation (XEP-0095) and its profile for files (XEP-0096). */
export const initiation = "http://jabber.org/protocol/si";
export const fileProfile = `${initiation}/profile/file-transfer`;
export const si: Tag = tag(initiation, "si");
export const offeredFile: Tag = tag(fileProfile, "file");
export const negotiation: Tag = tag("http://jabber.org/protocol/feature-neg", "feature");

/** SOCKS5 Bytestreams (XEP-0065). */
export const bytestreams = "http://jabber.org/protocol/bytestreams";
export const query: Tag = tag(bytestreams, "query");
export const streamhost: Tag = tag(bytestreams, "streamhost");
export const streamhostUsed: Tag = tag(bytestreams, "streamhost-used");

/** In-Band Bytestreams (XEP-0047). */
export const inBand = "http://jabber.org/protocol/ibb";
export const open: Tag = tag(inBand, "open");
export const data: Tag = tag(inBand, "data");
export const close: Tag = tag(inBand, "close");

/** Jingle (XEP-0166) for files (XEP-0234), over SOCKS5 (XEP-0260) or in-band (XEP-0261). */
export const jingleNamespace = "urn:xmpp:jingle:1";
export const jingle: Tag = tag(jingleNamespace, "jingle");
export const content: Tag = tag(jingleNamespace, "content");
/** The versions of XEP-0234 that differ in nothing that matters here. */
export const jingleFiles: readonly string[] = ["5", "4", "3"].map(
  (version) => `urn:xmpp:jingle:apps:file-transfer:${version}`,
);
export const jingleSocks = "urn:xmpp:jingle:transports:s5b:1";
export const jingleInBand = "urn:xmpp:jingle:transports:ibb:1";

/** Use of Cryptographic Hash Functions (XEP-0300). */
export const hash: Tag = tag("urn:xmpp:hashes:2", "hash");
