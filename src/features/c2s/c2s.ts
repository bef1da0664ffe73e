import type { Feature, ServerFeature } from "#core/feature.ts";
import { reviving } from "#core/handover.ts";
import { StanzaError } from "#stanza/error.ts";
import { Door } from "./door.ts";
import { accountHosts } from "./hosts.ts";
import { type C2sSettings, settings } from "./settings.ts";
import * as tags from "./tags.ts";

/**
 * Client connections (RFC 6120, XEP-0170, XEP-0440, XEP-0478): people log in, encrypted, from any client, with several
 * clients at a time.
 */
export const c2s: ServerFeature<C2sSettings> = {
  name: "c2s",
  xeps: [
    { number: 170, version: "1.0" },
    { number: 205, version: "1.0.2", note: "limits on connections, stanzas, logins and rate" },
    { number: 440, version: "1.0.0" },
    { number: 478, version: "0.2.0" },
  ],
  settings,
  async setup(server, values) {
    for (const host of accountHosts(server)) await host.fire(reviving, { domain: host.domain });
    const door = new Door(server, values);
    server.listen("c2s", (transport) => door.accept(transport));
    return () => door.close();
  },
};

/** Answers of a bound session that belong to its stream (RFC 3921 §3, RFC 6120 §7): old clients ask for a session. */
export const clientSessions: Feature = {
  name: "client-sessions",
  xeps: [],
  setup(host) {
    host.iq("set", tags.legacySession, ["host", "self"], () => {});
    host.iq("set", tags.bind, ["host", "self"], () => {
      throw new StanzaError("not-allowed", alreadyBound);
    });
  },
};

const alreadyBound = {
  en: "This connection has its resource already. Open another connection for another one.",
  fr: "Cette connexion a déjà sa ressource. Ouvrez une autre connexion pour en avoir une autre.",
};
