import type { SharedContact } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { SharedGroup } from "./snapshot.ts";
import type { View } from "./view.ts";

/** What has become of one contact of somebody. */
export interface ContactChange {
  readonly contact: Jid;
  readonly before: SharedContact | undefined;
  readonly after: SharedContact | undefined;
}

interface GroupChange {
  readonly before: SharedGroup | undefined;
  readonly after: SharedGroup | undefined;
  /** Those who came, went, or are shown differently; undefined: all, because the group itself is new, gone or renamed. */
  readonly touched: readonly string[] | undefined;
}

/** The way from one view to another. What it costs depends on what has changed, not on how large the groups are. */
export class Changes {
  readonly #before: View;
  readonly #after: View;
  readonly #groups: readonly GroupChange[];

  constructor(before: View, after: View) {
    this.#before = before;
    this.#after = after;
    this.#groups = [...groupChanges(before, after)];
  }

  /** Whether anything has changed for anybody. */
  get any(): boolean {
    return this.#groups.length > 0;
  }

  /** What has changed for one login. */
  for(user: string): ContactChange[] {
    const result: ContactChange[] = [];
    for (const other of this.#candidates(user)) {
      const jid = (this.#after.snapshot.members.get(other) ?? this.#before.snapshot.members.get(other))!.jid;
      const before = this.#before.relation(user, other, jid);
      const after = this.#after.relation(user, other, jid);
      if (!same(before, after)) result.push({ contact: jid, before, after });
    }
    return result;
  }

  #candidates(user: string): ReadonlySet<string> {
    const result = new Set<string>();
    const self = this.#before.snapshot.members.get(user) !== this.#after.snapshot.members.get(user);
    if (this.#after.see === "all" && self) {
      for (const view of [this.#before, this.#after]) add(result, view.snapshot.members.keys());
    } else {
      for (const change of this.#groups) this.#collect(user, change, result);
    }
    result.delete(user);
    return result;
  }

  #collect(user: string, { before, after, touched }: GroupChange, into: Set<string>): void {
    const was = before?.members.get(user);
    const is = after?.members.get(user);
    if (this.#after.see === "own" && was === undefined && is === undefined) return;
    if (touched !== undefined && was === is) return add(into, touched);
    if (before !== undefined) add(into, before.members.keys());
    if (after !== undefined) add(into, after.members.keys());
  }
}

function* groupChanges(before: View, after: View): Iterable<GroupChange> {
  for (const [id, old] of before.snapshot.groups) {
    const now = after.snapshot.groups.get(id);
    if (now === undefined) yield { before: old, after: undefined, touched: undefined };
    else if (now !== old) yield { before: old, after: now, touched: touched(old, now) };
  }
  for (const [id, now] of after.snapshot.groups) {
    if (!before.snapshot.groups.has(id)) yield { before: undefined, after: now, touched: undefined };
  }
}

function touched(old: SharedGroup, now: SharedGroup): readonly string[] | undefined {
  if (old.names[0] !== now.names[0]) return undefined;
  const result: string[] = [];
  for (const [user, member] of old.members) if (now.members.get(user) !== member) result.push(user);
  for (const user of now.members.keys()) if (!old.members.has(user)) result.push(user);
  return result;
}

function add(into: Set<string>, users: Iterable<string>): void {
  for (const user of users) into.add(user);
}

function same(one: SharedContact | undefined, other: SharedContact | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.subscription !== other.subscription || one.name !== other.name) return false;
  return one.groups.length === other.groups.length && one.groups.every((group, index) => group === other.groups[index]);
}
