import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { arriving } from "#core/packet.ts";
import { closed } from "#core/session.ts";
import { listingRooms } from "#features/muc/index.ts";
import { Bridge } from "./bridge.ts";
import { Desk } from "./desk.ts";
import { JingleDesk } from "./jingle.ts";
import { Offers } from "./offers.ts";
import { letOldClientsAsk } from "./old-clients.ts";
import { Questions } from "./questions.ts";
import { people, rooms } from "./recipients.ts";
import { type BridgeSettings, settings } from "./settings.ts";

interface Shared {
  readonly bridge: Bridge;
  readonly jingle: JingleDesk;
  readonly questions: Questions;
}

/**
 * Files always arrive (XEP-0096, XEP-0234): a file that is offered to somebody who is away, whose client takes none, or to
 * a room, is taken by the server and goes on as a link (XEP-0066).
 */
export const fileBridge: Feature<BridgeSettings> = {
  name: "file-bridge",
  where: "everywhere",
  xeps: [
    { number: 47, version: "2.0.1", note: "the server receives, for people who cannot" },
    { number: 66, version: "1.5", note: "links to files, in messages" },
    { number: 95, version: "1.2", note: "likewise" },
    { number: 96, version: "1.3.1", note: "likewise" },
    { number: 234, version: "0.19.1", note: "likewise; one file at a time, whole" },
    { number: 260, version: "1.0.3", note: "likewise; by our own proxy" },
    { number: 261, version: "1.0", note: "likewise" },
  ],
  settings,
  setup(host, values) {
    if (!values.enabled) return;
    const { bridge, jingle, questions } = host.server.once("file-bridge", () => open(host, values));
    const isService = host.where === "service";
    if (isService && !host.has(listingRooms)) return; // no rooms there
    if (!isService) {
      bridge.serve(host);
      letOldClientsAsk(host, bridge);
      const offers = new Offers(host, bridge, questions);
      if (values.offer === "ask") host.on(arriving, "copy", (packet) => offers.note(packet));
    }
    const recipients = isService ? rooms(host, bridge) : people(host, bridge);
    const desk = new Desk(host, bridge, { recipients, jingle, questions });
    host.on(arriving, "amend", (packet) => desk.take(packet));
    host.on(closed, "record", (session) => bridge.transfers.end(session));
  },
};

function open(host: Host, values: BridgeSettings): Shared {
  const { server } = host;
  const bridge = new Bridge(server, values);
  const questions = new Questions(server);
  host.stopping(() => {
    bridge.transfers.close();
    questions.close();
  });
  return { bridge, questions, jingle: new JingleDesk(server, bridge, questions) };
}
