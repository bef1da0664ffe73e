import type { Host } from "#core/host.ts";
import type { LocalSession, Session } from "#core/session.ts";
import { type Disco, disco } from "#features/disco/index.ts";
import { type MucApi, muc } from "#features/muc/index.ts";
import type { Jid } from "#jid/jid.ts";
import { fileProfile, jingleFiles } from "./tags.ts";
import type { Reason } from "./transfer.ts";

/** How a file is offered. */
export type Way = "si" | "jingle";

/** In whose place the server takes a file, and where the link goes. */
export interface Recipient {
  readonly reason: Reason;
  readonly recipient: Jid;
}

/** Tells in whose place a file should be taken: undefined where somebody can answer for themselves, or nobody is there. */
export type Recipients = (
  to: Jid,
  way: Way,
  sender: LocalSession,
) => Recipient | undefined | Promise<Recipient | undefined>;

/** People: those who are away, and those whose client is known not to take files. */
export function people(host: Host): Recipients {
  const capabilities = host.use(disco);
  return (to, way) => {
    if (to.local === "") return undefined;
    const session = to.isBare ? undefined : host.sessions.find(to);
    if (session !== undefined) {
      return isUnable(capabilities, session, way) ? { reason: "unable", recipient: to.bare } : undefined;
    }
    const away: Recipient = { reason: "away", recipient: to.bare };
    if (host.sessions.of(to.bare).length > 0) return to.isBare ? { ...away, reason: "unable" } : away;
    const exists = host.accounts.exists(to.local);
    return exists instanceof Promise ? exists.then((there) => (there ? away : undefined)) : exists ? away : undefined;
  };
}

/** Rooms, and who is in them: a private message is what reaches them there. */
export function rooms(host: Host): Recipients {
  const service: MucApi = host.use(muc);
  const { hosts } = host.server.router;
  return (to, way, sender) => {
    const role = service.room(to)?.seat(sender.jid)?.occupant.role;
    if (role === undefined || (to.isBare && role === "visitor")) return undefined; // the room says why
    if (to.isBare) return { reason: "room", recipient: to };
    const seats = service.occupant(to)?.seats ?? [];
    const unable = seats.every(({ jid }) => {
      const home = hosts.get(jid.domain);
      const session = home?.sessions.find(jid);
      return home !== undefined && session !== undefined && isUnable(home.view("file-bridge").use(disco), session, way);
    });
    return seats.length > 0 && unable ? { reason: "unable", recipient: to } : undefined;
  };
}

/** Of what is not known of a client, nothing is held against it. */
function isUnable(capabilities: Disco, session: Session, way: Way): boolean {
  const features = capabilities.featuresOf(session);
  if (features === undefined) return false;
  return way === "si" ? !features.has(fileProfile) : !jingleFiles.some((version) => features.has(version));
}
