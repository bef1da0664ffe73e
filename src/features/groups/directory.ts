import { DirectoryError, type Group, type People, type PeopleChange, type Person } from "#core/people.ts";
import { type Choice, choose, type Known, type Snapshot, snapshotOf } from "./snapshot.ts";

/** Questions about people that are under way at a time. */
const together = 16;

/** Reads the groups and the names of their members, and keeps what it has read: only what has changed is asked for. */
export class GroupReader {
  readonly #people: People;
  readonly #choice: Choice;
  readonly #domain: string;
  readonly #known = new Map<string, Known | undefined>();
  #groups: readonly Group[] = [];
  #groupsStale = true;
  readonly #stale = new Set<string>();

  constructor(people: People, choice: Choice, domain: string) {
    this.#people = people;
    this.#choice = choice;
    this.#domain = domain;
  }

  /** Takes note of a change; whether it may concern any group. */
  note({ ended, changed, groups }: PeopleChange): boolean {
    if (groups) this.#groupsStale = true;
    for (const user of [...ended, ...changed]) if (this.#known.has(user)) this.#stale.add(user);
    return groups || this.#stale.size > 0;
  }

  /** The groups as they are now. @throws DirectoryError; what was noted stays so */
  async read(before: Snapshot): Promise<Snapshot> {
    if (this.#groupsStale) await this.#readGroups();
    const chosen = choose(this.#groups, this.#choice);
    const users = new Set<string>();
    for (const group of chosen) for (const user of group.users) users.add(user);
    for (const user of this.#known.keys()) if (!users.has(user)) this.#known.delete(user);
    await this.#ask([...users].filter((user) => this.#stale.has(user) || !this.#known.has(user)));
    const known = new Map<string, Known>();
    for (const [user, person] of this.#known) if (person !== undefined) known.set(user, person);
    return snapshotOf(chosen, known, { domain: this.#domain, before });
  }

  /** What is noted meanwhile is read the next time. */
  async #readGroups(): Promise<void> {
    this.#groupsStale = false;
    try {
      this.#groups = await this.#people.groups();
    } catch (problem) {
      this.#groupsStale = true;
      throw problem;
    }
  }

  async #ask(users: readonly string[]): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let user = users[next++]; user !== undefined; user = users[next++]) {
        const stale = this.#stale.delete(user);
        const person = await this.#find(user, stale);
        const known = person && { name: person.displayName === user ? "" : person.displayName, hidden: person.hidden };
        this.#known.set(user, known);
      }
    };
    await Promise.all(Array.from({ length: Math.min(together, users.length) }, worker));
  }

  async #find(user: string, stale: boolean): Promise<Person | undefined> {
    try {
      return await this.#people.find(user);
    } catch (problem) {
      if (stale) this.#stale.add(user);
      throw problem;
    }
  }
}

/** Whether a failure is the directory's, which comes back by itself. */
export function isOutage(problem: unknown): boolean {
  return problem instanceof DirectoryError;
}
