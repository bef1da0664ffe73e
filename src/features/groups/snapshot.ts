import { createHash } from "node:crypto";
import type { Group } from "#core/people.ts";
import { Jid, JidError } from "#jid/jid.ts";

/** What contact lists say of a person. */
export interface Known {
  /** "" if the directory has none. */
  readonly name: string;
  /** Not shown to anybody. */
  readonly hidden: boolean;
}

/** A person in groups: one object, in however many groups. */
export interface Member extends Known {
  readonly user: string;
  readonly jid: Jid;
}

/** A group as it is shown in contact lists; the same object as long as it is the same. */
export interface SharedGroup {
  readonly id: string;
  /** The name of the roster group, as a list: so that contacts of one group have their list of groups in common. */
  readonly names: readonly [string];
  readonly members: ReadonlyMap<string, Member>;
  /** Changes with whatever is shown of it. */
  readonly digest: string;
}

/** The groups at a moment: immutable, and what all rosters have in common, so that it is in memory once. */
export interface Snapshot {
  readonly groups: ReadonlyMap<string, SharedGroup>;
  /** The groups of each login that is in any. */
  readonly memberships: ReadonlyMap<string, readonly SharedGroup[]>;
  readonly members: ReadonlyMap<string, Member>;
}

export const noGroups: Snapshot = Object.freeze({ groups: new Map(), memberships: new Map(), members: new Map() });

/** Which groups are shown, and how they are called. */
export interface Choice {
  /** Names of groups; empty: all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** What a group is called in contact lists, by its name in the directory. */
  readonly names: Readonly<Record<string, string>>;
}

/** A group that was chosen, under the name that people see. */
export interface Chosen {
  readonly id: string;
  readonly name: string;
  readonly users: ReadonlySet<string>;
}

/** The groups that are shown. Names are compared without regard to case. */
export function choose(groups: readonly Group[], { include, exclude, names }: Choice): Chosen[] {
  const included = new Set(include.map(folded));
  const excluded = new Set(exclude.map(folded));
  const shown = new Map(Object.entries(names).map(([name, text]) => [folded(name), text]));
  const result: Chosen[] = [];
  for (const { id, name, members } of groups) {
    const key = folded(name);
    if (excluded.has(key) || (included.size > 0 && !included.has(key))) continue;
    result.push({ id, name: shown.get(key) ?? name, users: members });
  }
  return result.sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** Puts a snapshot together. What has not changed since the last one is taken from it. */
export function snapshotOf(
  chosen: readonly Chosen[],
  known: ReadonlyMap<string, Known>,
  { domain, before }: { readonly domain: string; readonly before: Snapshot },
): Snapshot {
  const members = new Map<string, Member>();
  const memberships = new Map<string, SharedGroup[]>();
  const groups = new Map<string, SharedGroup>();
  for (const { id, name, users } of chosen) {
    const own = new Map<string, Member>();
    for (const user of users) {
      const member = members.get(user) ?? memberOf(user, known.get(user), { domain, old: before.members.get(user) });
      if (member === undefined) continue;
      members.set(user, member);
      own.set(user, member);
    }
    if (own.size === 0) continue;
    const digest = digestOf([name, ...[...own.values()].map(line).sort()]);
    const old = before.groups.get(id);
    const group: SharedGroup = old?.digest === digest ? old : { id, names: [name], members: own, digest };
    groups.set(id, group);
    for (const user of own.keys()) {
      const list = memberships.get(user);
      if (list === undefined) memberships.set(user, [group]);
      else list.push(group);
    }
  }
  return { groups, memberships, members };
}

/** 16 hexadecimal digits. */
export function digestOf(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex").slice(0, 16);
}

interface Earlier {
  readonly domain: string;
  readonly old: Member | undefined;
}

/** Logins that are nobody's, or no part of an address, are left out. */
function memberOf(user: string, known: Known | undefined, { domain, old }: Earlier): Member | undefined {
  if (known === undefined) return undefined;
  const { name, hidden } = known;
  if (old?.name === name && old.hidden === hidden) return old;
  try {
    return { user, jid: old?.jid ?? Jid.of(user, domain), name, hidden };
  } catch (problem) {
    if (problem instanceof JidError) return undefined;
    throw problem;
  }
}

function line({ user, name, hidden }: Member): string {
  return JSON.stringify([user, name, hidden]);
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
