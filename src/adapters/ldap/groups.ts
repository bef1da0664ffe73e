import type { Group } from "#core/people.ts";
import { escapeLocal } from "#jid/escaping.ts";
import { prepareUser } from "#sasl/prepare.ts";
import type { Attributes } from "./entry.ts";
import type { Known } from "./person.ts";

/** A group as it stands in the directory; members are distinguished names or logins. */
export interface GroupEntry {
  readonly id: string;
  readonly name: string;
  readonly members: readonly string[];
}

/** A distinguished name in one spelling of the many (RFC 4514 §2), for comparison. */
export function plainDn(dn: string): string {
  return dn
    .replace(/((?:\\[0-9A-Fa-f]{2})+)/g, (pairs) => {
      const bytes = pairs.slice(1).split("\\");
      const text = Buffer.from(bytes.join(""), "hex").toString();
      return text.replace(/["+,;<=>\\]/g, "\\$&");
    })
    .replace(/(?<!\\)\s*([,=+;])\s*/g, (_, sign: string) => (sign === ";" ? "," : sign))
    .trim()
    .normalize("NFC")
    .toLowerCase();
}

/** A part of a long list, and the attribute that gives the next one. */
export interface MemberRange {
  readonly values: readonly string[];
  readonly next: string | undefined;
}

/** Reads `member;range=0-1499`; undefined if the list came as a whole. */
export function remainingRange(entry: Attributes, members: readonly string[]): MemberRange | undefined {
  for (const name of entry.names) {
    const match = /^([^;]+);range=(\d+)-(\d+|\*)$/.exec(name);
    const attribute = members.find((member) => member.toLowerCase() === match?.[1]);
    if (match === null || attribute === undefined) continue;
    const last = match[3]!;
    const values = entry.all(name);
    const next = last === "*" || values.length === 0 ? undefined : `${attribute};range=${Number(last) + 1}-*`;
    return { values, next };
  }
  return undefined;
}

/** Groups with the logins of their members, without those who are hidden or disabled, and groups in groups undone. */
export function expandGroups(
  entries: readonly GroupEntry[],
  people: ReadonlyMap<string, Known>,
  nested: boolean,
): Group[] {
  const shown = [...people.values()].filter(({ disabled, person }) => !disabled && !person.hidden);
  const byDn = new Map(shown.map(({ dn, person }) => [plainDn(dn), person.user]));
  const byLogin = new Set(shown.map(({ person }) => person.user));
  const groups = new Map(entries.map((entry) => [entry.id, entry]));
  const loginOf = (member: string, plain: string) => {
    const found = byDn.get(plain);
    if (found !== undefined || member.includes("=")) return found;
    const user = prepareUser(escapeLocal(member));
    return user !== undefined && byLogin.has(user) ? user : undefined;
  };
  const membersOf = (first: GroupEntry): Set<string> => {
    const members = new Set<string>();
    const visited = new Set([first]); // groups may contain each other
    for (const group of visited) {
      for (const member of group.members) {
        const plain = plainDn(member);
        const user = loginOf(member, plain);
        const inner = nested ? groups.get(plain) : undefined;
        if (user !== undefined) members.add(user);
        else if (inner !== undefined) visited.add(inner);
      }
    }
    return members;
  };
  return entries.map((entry) => ({ id: entry.id, name: entry.name, members: membersOf(entry) }));
}
