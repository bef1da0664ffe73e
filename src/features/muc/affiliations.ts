import type { Condition } from "#stanza/error.ts";
import type { Text } from "#stanza/text.ts";

/** What somebody is to a room, whether present or not (XEP-0045 §5.2). */
export type Affiliation = "owner" | "admin" | "member" | "none" | "outcast";
/** What somebody may do during a visit (§5.1). */
export type Role = "moderator" | "participant" | "visitor" | "none";

const ranks = { outcast: 0, none: 1, member: 2, admin: 3, owner: 4 } as const satisfies Record<Affiliation, number>;
const roles: Readonly<Record<Role, true>> = { moderator: true, participant: true, visitor: true, none: true };

export function isAffiliation(text: string | undefined): text is Affiliation {
  return text !== undefined && Object.hasOwn(ranks, text);
}

export function isRole(text: string | undefined): text is Role {
  return text !== undefined && Object.hasOwn(roles, text);
}

/** Whether one affiliation has at least the rights of another (§5.2.1). */
export function atLeast(affiliation: Affiliation, other: Affiliation): boolean {
  return ranks[affiliation] >= ranks[other];
}

/**
 * What somebody is whom a room makes one thing and the directory another: the stronger. A ban holds, but for those whom
 * the directory makes admins or owners.
 */
export function stronger(own: Affiliation, granted: Affiliation | undefined): Affiliation {
  if (granted === undefined) return own;
  if (own === "outcast") return atLeast(granted, "admin") ? granted : own;
  return atLeast(own, granted) ? own : granted;
}

/** The role with which somebody enters (§5.1.2). Of the unaffiliated only those with voice by default speak. */
export function initialRole(affiliation: Affiliation, moderated: boolean): Role {
  if (affiliation === "outcast") return "none";
  if (atLeast(affiliation, "admin")) return "moderator";
  return moderated && affiliation === "none" ? "visitor" : "participant";
}

/**
 * The role of an occupant whose affiliation has changed (§5.1.3, note): what comes with the new one is gained; whoever
 * loses the rights of an admin loses the role that came with them.
 */
export function roleAfter(role: Role, before: Affiliation, after: Affiliation, moderated: boolean): Role {
  if (after === "outcast" || atLeast(after, "admin")) return initialRole(after, moderated);
  if (atLeast(before, "admin")) return initialRole(after, moderated);
  return after === "member" && role === "visitor" ? "participant" : role;
}

/** Why a change is refused. */
export interface Refusal {
  readonly condition: Condition;
  readonly text: Text;
}

/** Somebody as the rules see them. */
export interface Standing {
  readonly affiliation: Affiliation;
  /** "none" where they are not in the room. */
  readonly role: Role;
}

/** Whether somebody may give an occupant another role (§5.1.1, §5.1.3, §8.2 to §8.5, §9.6 to §9.8); why not. */
export function refuseRole(actor: Standing, target: Standing, to: Role): Refusal | undefined {
  const admin = atLeast(actor.affiliation, "admin");
  if (!admin && actor.role !== "moderator") return refusals.moderatorsOnly;
  if (to === target.role) return undefined;
  if (to === "none") return refuseKick(actor, target, admin);
  if (to === "moderator") return admin ? undefined : refusals.adminsOnly;
  if (atLeast(target.affiliation, "admin")) return refusals.higher; // §8.4, §9.7: they keep voice and moderation
  if (target.role === "moderator" && !admin) return refusals.higher; // §5.1.3
  if (to === "visitor" && !outranks(actor, target)) return refusals.higher;
  return undefined;
}

/** §8.2: not by somebody of a lower affiliation; §5.1.3: a moderator only by an admin or owner. */
function refuseKick(actor: Standing, target: Standing, admin: boolean): Refusal | undefined {
  if (!atLeast(actor.affiliation, target.affiliation)) return refusals.higher;
  return target.role === "moderator" && !admin ? refusals.higher : undefined;
}

/** §8.4: voice is not taken from those at or above one's level. The unaffiliated have none. */
function outranks(actor: Standing, target: Standing): boolean {
  return target.affiliation === "none" || !atLeast(target.affiliation, actor.affiliation);
}

/** A change of somebody's affiliation, as the rules see it. */
export interface AffiliationChange {
  readonly from: Affiliation;
  readonly to: Affiliation;
  /** Whether it is one's own. */
  readonly own: boolean;
}

/** Whether somebody may give a person another affiliation (§5.2.1, §5.2.2, §9, §10); why not. */
export function refuseAffiliation(actor: Affiliation, { from, to, own }: AffiliationChange): Refusal | undefined {
  if (!atLeast(actor, "admin")) return refusals.adminsOnly;
  if (own && to === "outcast") return refusals.oneself; // §9.1
  if (actor === "owner") return undefined;
  if (atLeast(to, "admin") && to !== from) return refusals.ownersOnly; // §10.3, §10.6
  if (!atLeast(from, "admin") || to === from || own) return undefined;
  return to === "outcast" ? refusals.higher : refusals.ownersOnly; // §9.1; §10.5, §10.8
}

const refusals = {
  moderatorsOnly: {
    condition: "forbidden",
    text: { en: "Only moderators of the room may do this.", fr: "Seuls les modérateurs du salon peuvent faire cela." },
  },
  adminsOnly: {
    condition: "forbidden",
    text: {
      en: "Only administrators and owners of the room may do this.",
      fr: "Seuls les administrateurs et propriétaires du salon peuvent faire cela.",
    },
  },
  ownersOnly: {
    condition: "forbidden",
    text: { en: "Only owners of the room may do this.", fr: "Seuls les propriétaires du salon peuvent faire cela." },
  },
  higher: {
    condition: "not-allowed",
    text: {
      en: "This person has as many rights as you in the room, or more.",
      fr: "Cette personne a autant de droits que vous dans le salon, ou davantage.",
    },
  },
  oneself: {
    condition: "conflict",
    text: { en: "You cannot ban yourself.", fr: "Vous ne pouvez pas vous bannir vous-même." },
  },
} as const satisfies Record<string, Refusal>;
