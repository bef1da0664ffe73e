import { randomBytes } from "node:crypto";
import type { Directory } from "#core/directory.ts";
import type { SharedContact, SharedContacts } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { SharedGroup } from "./snapshot.ts";
import { noGroups } from "./snapshot.ts";
import { type See, View } from "./view.ts";

type Present = Map<string, Jid>;

const nobody: ReadonlyMap<string, Jid> = new Map();

/** The contacts that groups give to everybody, and who of them is connected: presence goes to nobody else. */
export class GroupContacts implements SharedContacts {
  readonly #domain: string;
  readonly #sessions: Directory;
  #view: View;
  /** Everybody with a session, and those of each group. */
  readonly #everybody: Present = new Map();
  #groups = new Map<SharedGroup, Present>();
  /** Logins that still have to be told what has changed. */
  readonly #untold = new Set<string>();

  constructor(domain: string, sessions: Directory, see: See) {
    this.#domain = domain;
    this.#sessions = sessions;
    this.#view = new View(noGroups, see);
  }

  get view(): View {
    return this.#view;
  }

  /** Puts another view in place. Those with sessions for whom it is different count as not told. */
  become(view: View): void {
    const before = this.#view;
    this.#view = view;
    this.#groups = new Map();
    for (const [user, jid] of this.#everybody) {
      this.#enter(user, jid);
      if (before.versionFor(user) !== view.versionFor(user)) this.#untold.add(user);
    }
  }

  /** Someone without sessions needs not be told; the others are asked for here. */
  untold(): readonly Jid[] {
    return [...this.#untold].flatMap((user) => this.#everybody.get(user) ?? []);
  }

  told(user: string): void {
    this.#untold.delete(user);
  }

  opened({ local: user, bare }: Jid): void {
    if (this.#everybody.has(user)) return;
    this.#everybody.set(user, bare);
    this.#enter(user, bare);
  }

  closed({ local: user, bare }: Jid): void {
    if (this.#sessions.of(bare).length > 0) return;
    this.#everybody.delete(user);
    this.#untold.delete(user);
    for (const group of this.#view.groupsOf(user)) this.#groups.get(group)?.delete(user);
  }

  version(account: Jid): string {
    if (!this.#isOurs(account)) return "";
    // Nobody may take a version for complete whose pushes are still to come.
    if (this.#untold.has(account.local)) return randomBytes(8).toString("hex");
    return this.#view.versionFor(account.local);
  }

  find(account: Jid, contact: Jid): SharedContact | undefined {
    if (!this.#isOurs(account) || !this.#isOurs(contact)) return undefined;
    return this.#view.relation(account.local, contact.local, contact.bare);
  }

  *visible(account: Jid): Iterable<SharedContact> {
    if (!this.#isOurs(account)) return;
    for (const { user, jid } of this.#view.seenBy(account.local)) {
      yield this.#view.relation(account.local, user, jid)!;
    }
  }

  sees(account: Jid, contact: Jid): boolean {
    return this.#isOurs(account) && this.#isOurs(contact) && this.#view.sees(account.local, contact.local);
  }

  *present(account: Jid): Iterable<Jid> {
    if (!this.#isOurs(account)) return;
    for (const jid of this.#online(this.#view.groupsSeenBy(account.local), account.local)) {
      if (!this.#view.snapshot.members.get(jid.local)?.hidden) yield jid;
    }
  }

  *audience(account: Jid): Iterable<Jid> {
    const { members } = this.#view.snapshot;
    const own = this.#isOurs(account) ? members.get(account.local) : undefined;
    if (own === undefined || own.hidden) return;
    if (this.#view.see === "own") return yield* this.#online(this.#view.groupsOf(own.user), own.user);
    for (const [user, jid] of this.#everybody) if (user !== own.user) yield jid;
  }

  /** Those of some groups that have sessions, but for one login. */
  *#online(groups: readonly SharedGroup[], but: string): Iterable<Jid> {
    const seen = groups.length > 1 ? new Set<string>() : undefined;
    for (const group of groups) {
      for (const [user, jid] of this.#groups.get(group) ?? nobody) {
        if (user === but || seen?.has(user)) continue;
        seen?.add(user);
        yield jid;
      }
    }
  }

  #enter(user: string, jid: Jid): void {
    for (const group of this.#view.groupsOf(user)) {
      const present = this.#groups.get(group);
      if (present === undefined) this.#groups.set(group, new Map([[user, jid]]));
      else present.set(user, jid);
    }
  }

  #isOurs(jid: Jid): boolean {
    return jid.domain === this.#domain && jid.local !== "";
  }
}
