import type { ServerFeature } from "#core/feature.ts";
import { Federation } from "./federation.ts";
import { guard } from "./outsiders.ts";
import { type S2sSettings, settings } from "./settings.ts";

/**
 * Correspondents at other servers (RFC 6120, XEP-0220, XEP-0185, XEP-0178, XEP-0288): messages, presence, rooms and the
 * rest reach people elsewhere as they reach colleagues here; what cannot be delivered comes back with the reason.
 */
export const s2s: ServerFeature<S2sSettings> = {
  name: "s2s",
  xeps: [
    { number: 178, version: "1.2", note: "between servers" },
    { number: 185, version: "1.0" },
    { number: 198, version: "1.6.3", note: "acknowledgements between servers, without resumption" },
    { number: 220, version: "1.1.1" },
    { number: 288, version: "1.0.1" },
    { number: 478, version: "0.2.0", note: "between servers" },
  ],
  settings,
  setup(server, values) {
    const federation = new Federation(server, values);
    const { router } = server;
    router.remote = (packet) => federation.forward(packet);
    router.federation = federation;
    const undo = guard(server, values.groups);
    server.listen("s2s", (transport) => federation.accept(transport));
    return async () => {
      await federation.close();
      undo();
    };
  },
};
