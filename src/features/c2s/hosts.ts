import type { Server } from "#core/host.ts";
import type { LocalHost } from "#core/local-host.ts";

/** The hosts that clients log in to. */
export function accountHosts({ router }: Server): LocalHost[] {
  return [...router.hosts.values()].filter(({ where }) => where === "accounts");
}
