import type { Host } from "#core/host.ts";
import type { Stanza } from "#stanza/stanza.ts";

/**
 * Sends to a client: straight to its session where it is one of ours. False if it is one that is not there any more.
 * What clients block is stopped where it is written to them.
 */
export function deliver(host: Host, stanza: Stanza): boolean {
  const { to } = stanza;
  const own = host.server.router.hosts.get(to.domain);
  if (own !== undefined && own.where === "accounts" && !to.isBare) {
    const session = own.sessions.find(to);
    if (session === undefined) return false;
    session.send(stanza);
    return true;
  }
  host.send(stanza);
  return true;
}
