import type { SharedContact } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import { digestOf, type Member, type SharedGroup, type Snapshot } from "./snapshot.ts";

/** Who sees whom. `own`: members see the members of their groups. `all`: everybody sees the members of all groups. */
export type See = "own" | "all";

const none: readonly SharedGroup[] = Object.freeze([]);
const noNames: readonly string[] = Object.freeze([]);

/** What the groups of a moment mean for everybody. Logins stand for people. */
export class View {
  readonly snapshot: Snapshot;
  readonly see: See;
  readonly #everything: readonly SharedGroup[];
  readonly #versions = new Map<string, string>();

  constructor(snapshot: Snapshot, see: See) {
    this.snapshot = snapshot;
    this.see = see;
    this.#everything = [...snapshot.groups.values()];
  }

  /** The groups of a login. */
  groupsOf(user: string): readonly SharedGroup[] {
    return this.snapshot.memberships.get(user) ?? none;
  }

  /** The groups whose members a login sees. */
  groupsSeenBy(user: string): readonly SharedGroup[] {
    return this.see === "all" ? this.#everything : this.groupsOf(user);
  }

  /** What a login is shown, as 16 hexadecimal digits; "" if that is nothing. */
  versionFor(user: string): string {
    const known = this.#versions.get(user);
    if (known !== undefined) return known;
    const groups = this.groupsSeenBy(user);
    const own = this.snapshot.members.get(user);
    const texts = groups.flatMap(({ id, digest }) => [id, digest]);
    const version = groups.length === 0 ? "" : digestOf([own ? "in" : "out", own?.hidden ? "hidden" : "", ...texts]);
    this.#versions.set(user, version);
    return version;
  }

  sees(user: string, other: string): boolean {
    if (user === other) return false;
    const member = this.snapshot.members.get(other);
    if (member === undefined || member.hidden) return false;
    if (this.see === "all") return true;
    const own = this.groupsOf(user);
    for (let index = 0; index < own.length; index++) if (own[index]!.members.has(other)) return true;
    return false;
  }

  /** What two are to each other, seen by the first; `jid` is the other's address. */
  relation(user: string, other: string, jid: Jid): SharedContact | undefined {
    const to = this.sees(user, other);
    const from = this.sees(other, user);
    if (!to && !from) return undefined;
    const subscription = to && from ? "both" : to ? "to" : "from";
    const member = to ? this.snapshot.members.get(other) : undefined;
    if (member === undefined) return { contact: jid, name: "", groups: noNames, subscription };
    return { contact: member.jid, name: member.name, groups: this.#shownIn(user, other), subscription };
  }

  /** Those whom a login sees, each once. */
  *seenBy(user: string): Iterable<Member> {
    const groups = this.groupsSeenBy(user);
    const seen = groups.length > 1 ? new Set<Member>() : undefined;
    for (const group of groups) {
      for (const member of group.members.values()) {
        if (member.hidden || member.user === user || seen?.has(member)) continue;
        seen?.add(member);
        yield member;
      }
    }
  }

  /** The names of the groups in which a login sees somebody. */
  #shownIn(user: string, other: string): readonly string[] {
    const groups = this.groupsSeenBy(user).filter((group) => group.members.has(other));
    return groups.length === 1 ? groups[0]!.names : [...new Set(groups.flatMap((group) => group.names))];
  }
}
