import type { Host } from "#core/host.ts";
import type { LocalSession } from "#core/session.ts";
import { type MucApi, muc } from "#features/muc/index.ts";
import { presence } from "#features/presence/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { Bridge } from "./bridge.ts";
import { fileProfile, jingleFiles } from "./tags.ts";
import type { Reason } from "./transfer.ts";

/** How a file is offered. */
export type Way = "si" | "jingle";

/** In whose place the server takes a file, and where the link goes. */
export interface Recipient {
  readonly reason: Reason;
  readonly recipient: Jid;
  /** What the client can that does not take the file, where there is one. */
  readonly features?: ReadonlySet<string> | undefined;
}

/** Tells in whose place a file should be taken: undefined where somebody can answer for themselves, or nobody is there. */
export type Recipients = (
  to: Jid,
  way: Way,
  sender: LocalSession,
) => Recipient | undefined | Promise<Recipient | undefined>;

/** People: those who are away, and those whose client is known not to take files. */
export function people(host: Host, bridge: Bridge): Recipients {
  return (to, way, sender) => {
    if (to.local === "") return undefined;
    const session = to.isBare ? undefined : host.sessions.find(to);
    if (session !== undefined) {
      const features = bridge.capabilitiesAt(host.domain)?.featuresOf(session);
      return isUnable(features, way) ? { reason: "unable", recipient: to.bare, features } : undefined;
    }
    return absent(host, to, sender);
  };
}

/** Only who may see it is told whether somebody is away. */
async function absent(host: Host, to: Jid, sender: LocalSession): Promise<Recipient | undefined> {
  const isThere = host.sessions.of(to.bare).length > 0;
  if (!isThere && !(await host.accounts.exists(to.local))) return undefined;
  const isSeen = await host.use(presence).authorized(to.bare, sender.jid.bare);
  return { reason: isSeen && !isThere ? "away" : "person", recipient: to.bare };
}

/** Rooms, and who is in them: a private message is what reaches them there. */
export function rooms(host: Host, bridge: Bridge): Recipients {
  const service: MucApi = host.use(muc);
  const { hosts } = host.server.router;
  return (to, way, sender) => {
    const role = service.room(to)?.seat(sender.jid)?.occupant.role;
    if (role === undefined || (to.isBare && role === "visitor")) return undefined; // the room says why
    if (to.isBare) return { reason: "room", recipient: to };
    const seats = service.occupant(to)?.seats ?? [];
    const unable = seats.every(({ jid }) => {
      const session = hosts.get(jid.domain)?.sessions.find(jid);
      return session !== undefined && isUnable(bridge.capabilitiesAt(jid.domain)?.featuresOf(session), way);
    });
    return seats.length > 0 && unable ? { reason: "unable", recipient: to } : undefined;
  };
}

/** Of what is not known of a client, nothing is held against it. */
function isUnable(features: ReadonlySet<string> | undefined, way: Way): boolean {
  if (features === undefined) return false;
  return way === "si" ? !features.has(fileProfile) : !jingleFiles.some((version) => features.has(version));
}
