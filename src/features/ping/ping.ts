import type { Feature } from "#core/feature.ts";
import { tag } from "#xml/element.ts";

const ping = tag("urn:xmpp:ping", "ping");

/** XMPP Ping (XEP-0199): answers pings to the server and, on behalf of its users, to their accounts. */
export const xmppPing: Feature = {
  name: "ping",
  where: "everywhere",
  xeps: [{ number: 199, version: "2.0.1" }],
  setup(host) {
    host.iq("get", ping, ["host", "account"], () => {}); // §4.2, §4.4
  },
};
