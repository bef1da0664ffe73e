/** The namespace of client stanzas; inside the server every stanza is in it (RFC 6120 §4.8.3). */
export const client = "jabber:client";
/** The namespace of stanzas between servers; translated at the edge of the stream. */
export const server = "jabber:server";
/** The namespace of `<stream:stream>`, its features and its errors. */
export const streams = "http://etherx.jabber.org/streams";
/** Conditions of stanza errors (RFC 6120 §8.3). */
export const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
/** Conditions of stream errors (RFC 6120 §4.9). */
export const streamErrors = "urn:ietf:params:xml:ns:xmpp-streams";
