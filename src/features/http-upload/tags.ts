export const namespace = "urn:xmpp:http:upload:0";
/** XEP-0363 §5. */
export const purposes = "urn:xmpp:http:upload:purpose:0";
