import { type Tag, tag } from "#xml/element.ts";

const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";

export const startTls: Tag = tag(tls, "starttls");
export const proceed: Tag = tag(tls, "proceed");
export const required: Tag = tag(tls, "required");

export const saslNamespace: string = sasl;
export const mechanisms: Tag = tag(sasl, "mechanisms");
export const mechanism: Tag = tag(sasl, "mechanism");
export const auth: Tag = tag(sasl, "auth");
export const response: Tag = tag(sasl, "response");
export const abort: Tag = tag(sasl, "abort");
export const challenge: Tag = tag(sasl, "challenge");
export const success: Tag = tag(sasl, "success");
export const failure: Tag = tag(sasl, "failure");

/** SASL Channel-Binding Type Capability (XEP-0440). */
export const channelBindings: Tag = tag("urn:xmpp:sasl-cb:0", "sasl-channel-binding");
export const channelBinding: Tag = tag("urn:xmpp:sasl-cb:0", "channel-binding");

export const bind: Tag = tag("urn:ietf:params:xml:ns:xmpp-bind", "bind");
export const bindResource: Tag = tag("urn:ietf:params:xml:ns:xmpp-bind", "resource");
export const bindJid: Tag = tag("urn:ietf:params:xml:ns:xmpp-bind", "jid");

/** The session request of RFC 3921 §3, which needs nothing any more. */
export const legacySession: Tag = tag("urn:ietf:params:xml:ns:xmpp-session", "session");
export const optional: Tag = tag("urn:ietf:params:xml:ns:xmpp-session", "optional");

/** Stream Limits Advertisement (XEP-0478). */
export const limits: Tag = tag("urn:xmpp:stream-limits:0", "limits");
export const maxBytes: Tag = tag("urn:xmpp:stream-limits:0", "max-bytes");
export const idleSeconds: Tag = tag("urn:xmpp:stream-limits:0", "idle-seconds");
