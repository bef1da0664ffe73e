import type { Jid } from "#jid/jid.ts";
import { type Affiliation, atLeast } from "./affiliations.ts";
import type { Room } from "./room.ts";

/** Admins read all lists; who may see addresses, the lists of those who belong to the room (§5.2.1, §9.5). */
export function mayList(room: Room, jid: Jid, affiliation: Affiliation): boolean {
  const own = room.affiliationOf(jid);
  if (atLeast(own, "admin")) return true;
  if (affiliation === "outcast" || affiliation === "none") return false;
  const role = room.standingOf(jid).role;
  if (affiliation === "member" && room.config.memberList.some((one) => one === role)) return true;
  if (room.config.whois !== "anyone") return false;
  return atLeast(own, "member") || (room.has(jid) && affiliation !== "member");
}
