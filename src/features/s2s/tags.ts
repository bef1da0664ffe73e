import { streamErrors, streams } from "#stanza/namespaces.ts";
import { type Tag, tag } from "#xml/element.ts";

const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const management = "urn:xmpp:sm:3";

export const streamError: Tag = tag(streams, "error");
export const streamErrorText: Tag = tag(streamErrors, "text");

export const startTls: Tag = tag(tls, "starttls");
export const required: Tag = tag(tls, "required");
export const proceed: Tag = tag(tls, "proceed");
export const tlsFailure: Tag = tag(tls, "failure");

export const saslNamespace: string = sasl;
export const mechanisms: Tag = tag(sasl, "mechanisms");
export const mechanism: Tag = tag(sasl, "mechanism");
export const auth: Tag = tag(sasl, "auth");
export const response: Tag = tag(sasl, "response");
export const challenge: Tag = tag(sasl, "challenge");
export const success: Tag = tag(sasl, "success");
export const failure: Tag = tag(sasl, "failure");

/** Server Dialback (XEP-0220). */
export const dialback = "jabber:server:dialback";
export const result: Tag = tag(dialback, "result");
export const verify: Tag = tag(dialback, "verify");
export const dialbackFeature: Tag = tag("urn:xmpp:features:dialback", "dialback");
export const dialbackErrors: Tag = tag("urn:xmpp:features:dialback", "errors");

/** Bidirectional streams (XEP-0288). */
export const bidiFeature: Tag = tag("urn:xmpp:features:bidi", "bidi");
export const bidi: Tag = tag("urn:xmpp:bidi", "bidi");

/** Stream Management (XEP-0198). */
export const managementNamespace: string = management;
export const sm: Tag = tag(management, "sm");
export const enable: Tag = tag(management, "enable");
export const enabled: Tag = tag(management, "enabled");
export const failed: Tag = tag(management, "failed");
export const request: Tag = tag(management, "r");
export const answer: Tag = tag(management, "a");
export const tooHigh: Tag = tag(management, "handled-count-too-high");

/** Stream Limits Advertisement (XEP-0478). */
export const limits: Tag = tag("urn:xmpp:stream-limits:0", "limits");
export const maxBytes: Tag = tag("urn:xmpp:stream-limits:0", "max-bytes");
export const idleSeconds: Tag = tag("urn:xmpp:stream-limits:0", "idle-seconds");
