import { client } from "#stanza/namespaces.ts";
import { tag } from "#xml/element.ts";

/** The content namespace of a component's stream (XEP-0114 §3), which streams read and write as `jabber:client`. */
export const accept = "jabber:component:accept";

export const handshake = tag(client, "handshake");
