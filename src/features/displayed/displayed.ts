import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { sending } from "#core/packet.ts";
import { pep } from "#features/pep/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { tag } from "#xml/element.ts";

const node = "urn:xmpp:mds:displayed:0";
const stanzaId = tag("urn:xmpp:sid:0", "stanza-id");
const displayed = tag(node, "displayed");

/**
 * Message Displayed Synchronization (XEP-0490): what was read on one device is read on all. Clients keep it in a node of
 * their account, and may say it with the marker that they send anyway (§4.5).
 */
export const messageDisplayed: Feature = {
  name: "displayed",
  xeps: [
    { number: 490, version: "1.0.1" },
    { number: 333, version: "1.0.0", note: "what a server does for it: routing, archive, carbons" },
    { number: 184, version: "1.4.0", note: "what a server does for it: routing, archive, carbons" },
  ],
  setup(host) {
    const nodes = host.use(pep);
    host.offer("urn:xmpp:mds:server-assist:0", "account");
    // §5.2: before the archive and carbons see it.
    host.on(sending, "amend", (packet) => {
      if (packet.stanza.kind !== "message" || packet.origin === undefined) return;
      const state = packet.stanza.element.child(displayed);
      if (state === undefined) return;
      // §4.5.3: taken out, and published under the verbatim address.
      const id = packet.stanza.element.attrs.to ?? packet.stanza.to.toString();
      packet.stanza = packet.stanza.map((element) => element.without(displayed));
      if (state.child(stanzaId) === undefined) return;
      background(
        host.log,
        publish(host, () => nodes.publish(packet.stanza.from.bare, { node, id, payload: state })),
      );
    });
  },
};

/** The marker goes on its way meanwhile; that its state could not be kept is nothing for who is written to. */
async function publish(host: Host, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof StanzaError)) throw problem;
    host.log.debug("displayed state not kept", { condition: problem.condition });
  }
}
