import { background, type Logger } from "#core/log.ts";
import {
  DirectoryError,
  type Group,
  type People,
  type PeopleChange,
  type PeopleQuery,
  type Person,
} from "#core/people.ts";
import type { Snapshot } from "./accounts.ts";
import type { Directory } from "./directory.ts";
import { fold, words } from "./fold.ts";
import type { Folded, Known } from "./person.ts";
import { type Photo, type Reading, readAll, readOne, readPhoto, samePerson } from "./reading.ts";
import { Recent } from "./recent.ts";

export interface LdapPeopleOptions {
  readonly directory: Directory;
  readonly log: Logger;
  /** Between readings, in milliseconds. */
  readonly interval: number;
  /** The part of people, in percent, that may disappear at once without being asked about a second time. */
  readonly vanishLimit: number;
  /** Monotonic, in milliseconds; for tests. */
  readonly clock?: () => number;
}

const unknownMs = 30_000;
const remembered = 10_000;
const maxAsking = 2;
const retryMs = 15_000;
/** Below this, people who disappear are just people who left. */
const fewPeople = 3;

/**
 * The people of the directory. All of them, without photos, are kept in memory and read anew at each interval: so
 * search knows no accents whatever the server does, aliases and groups cost nothing, and an outage goes unnoticed here.
 */
export class LdapPeople implements People, Snapshot {
  readonly #options: LdapPeopleOptions;
  readonly #watchers = new Set<(change: PeopleChange) => void>();
  readonly #unknown = new Recent<true>(remembered);
  /** Those who logged in since the last reading and were not in it. */
  readonly #newcomers = new Set<string>();
  #reading: Reading | undefined;
  #underWay: Promise<void> | undefined;
  #suspectSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asking = 0;
  #closed = false;

  constructor(options: LdapPeopleOptions) {
    this.#options = options;
  }

  /** Reads the directory at each interval from now on; resolves after the first try, whatever came of it. */
  async start(): Promise<void> {
    try {
      await this.refresh();
    } catch (cause) {
      if (!(cause instanceof DirectoryError)) throw cause;
      this.#options.log.warn("the directory cannot be read now", { reason: cause.message });
    }
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watchers.clear();
  }

  /** Reads the directory now; watchers are told before it resolves. @throws DirectoryError */
  async refresh(): Promise<void> {
    // One that is under way may have read already what is to be seen.
    if (this.#underWay !== undefined) await this.#underWay.catch(() => {});
    this.#underWay ??= this.#read().finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  has(user: string): boolean | undefined {
    return this.#reading?.people.has(user);
  }

  get dotted(): boolean {
    return this.#reading?.dotted ?? false;
  }

  note(user: string): void {
    if (!this.#reading?.people.has(user) && this.#newcomers.size < remembered) this.#newcomers.add(user);
  }

  async owner(address: string): Promise<string | undefined> {
    const { people, aliases } = await this.#loaded();
    if (!address.includes("@")) {
      const logins = aliases.get(fold(address)) ?? [];
      return logins.length === 1 ? logins[0] : undefined;
    }
    const wanted = address.toLowerCase();
    const owners = [...people.values()].filter(({ addresses }) => addresses.includes(wanted));
    return owners.length === 1 ? owners[0]!.person.user : undefined;
  }

  async find(user: string): Promise<Person | undefined> {
    return (await this.#known(user))?.person;
  }

  async photo(user: string): Promise<Photo | undefined> {
    const known = await this.#known(user);
    return known?.person.hasPhoto ? readPhoto(this.#options.directory, known.dn) : undefined;
  }

  async resolve(local: string): Promise<readonly string[]> {
    const { aliases, people } = await this.#loaded();
    return (aliases.get(fold(local)) ?? []).filter((user) => isShown(people.get(user)!));
  }

  async search(query: PeopleQuery, limit: number): Promise<{ people: readonly Person[]; more: boolean }> {
    const { people } = await this.#loaded();
    const tests = testsOf(query);
    if (tests.length === 0) return { people: [], more: false };
    const found = [...people.values()].filter((known) => isShown(known) && tests.every((test) => test(known.folded)));
    const collator = new Intl.Collator("fr");
    const sorted = found
      .map(({ person }) => person)
      .sort((a, b) => collator.compare(a.displayName, b.displayName) || (a.user < b.user ? -1 : 1));
    return { people: sorted.slice(0, limit), more: sorted.length > limit };
  }

  async groups(): Promise<readonly Group[]> {
    return (await this.#loaded()).groups;
  }

  /** A new watcher is told at once of those who may not log in now: they may have been disabled before this process was. */
  watch(run: (change: PeopleChange) => void): () => void {
    this.#watchers.add(run);
    const ended = [...(this.#reading?.people.values() ?? [])].filter(({ disabled }) => disabled);
    if (ended.length > 0) {
      queueMicrotask(() => {
        if (!this.#watchers.has(run)) return;
        this.#tell(run, { ended: ended.map(({ person }) => person.user), changed: [], groups: false });
      });
    }
    return () => void this.#watchers.delete(run);
  }

  async #known(user: string): Promise<Known | undefined> {
    const kept = this.#reading?.people.get(user);
    if (kept !== undefined || this.#unknown.get(user)) return kept;
    // Names that nobody has must not fill the way to the directory; the last reading will do for them.
    if (this.#reading !== undefined && this.#asking >= maxAsking) return undefined;
    this.#asking++;
    try {
      const known = await readOne(this.#options.directory, user);
      if (known === undefined) this.#unknown.set(user, true, unknownMs);
      return known;
    } finally {
      this.#asking--;
    }
  }

  async #loaded(): Promise<Reading> {
    if (this.#reading === undefined) await this.refresh();
    if (this.#reading === undefined) throw new DirectoryError("the directory has not been read yet");
    return this.#reading;
  }

  #wait(): void {
    if (this.#closed) return;
    const { interval, log } = this.#options;
    const pause = this.#reading === undefined ? Math.min(interval, retryMs) : interval;
    this.#timer = setTimeout(() => {
      background(log, this.start(), "reading the directory failed");
    }, pause).unref();
  }

  async #read(): Promise<void> {
    const { directory, log } = this.#options;
    const began = performance.now();
    const reading = await readAll(directory);
    if (this.#closed) return;
    const { people, groups, ambiguous } = reading;
    log.debug("the directory was read", {
      people: people.size,
      groups: groups.length,
      ms: Math.round(performance.now() - began),
    });
    if (ambiguous.length > 0) log.error("logins that several entries have: none can log in", { logins: ambiguous });
    this.#unknown.clear();
    const before = this.#reading;
    const ended = this.#endedSince(before, reading);
    if (before !== undefined && !this.#isCredible(before, reading, ended.length)) return;
    this.#reading = reading;
    this.#newcomers.clear();
    const changed = before === undefined ? [] : changedSince(before, reading);
    const change = { ended, changed, groups: before === undefined || groupsDiffer(before.groups, groups) };
    if (ended.length + changed.length > 0 || change.groups) for (const run of this.#watchers) this.#tell(run, change);
  }

  #endedSince(before: Reading | undefined, { people }: Reading): string[] {
    const mayNot = (user: string) => people.get(user)?.disabled ?? true;
    const newcomers = [...this.#newcomers].filter(mayNot);
    if (before === undefined) {
      const disabled = [...people.values()].filter((known) => known.disabled).map(({ person }) => person.user);
      return [...new Set([...newcomers, ...disabled])];
    }
    const active = [...before.people.values()].filter(({ disabled }) => !disabled).map(({ person }) => person.user);
    return [...new Set([...newcomers, ...active.filter(mayNot)])];
  }

  /** A wrong filter, a missing right or a broken replica look like people who left; many at once are not believed. */
  #isCredible(before: Reading, after: Reading, ended: number): boolean {
    const { log, vanishLimit, interval, clock = () => performance.now() } = this.#options;
    if (after.people.size === 0 && before.people.size > 0) {
      log.error("the directory shows nobody any more: this is not believed", { before: before.people.size });
      return false;
    }
    if (ended <= Math.max(fewPeople, (before.people.size * vanishLimit) / 100)) {
      this.#suspectSince = undefined;
      return true;
    }
    const now = clock();
    this.#suspectSince ??= now;
    if (now - this.#suspectSince >= interval / 2) {
      log.warn("many people are gone from the directory, and a second reading says so too", { ended });
      this.#suspectSince = undefined;
      return true;
    }
    log.error("many people are gone from the directory at once: nobody is logged out before the next reading", {
      ended,
      before: before.people.size,
    });
    return false;
  }

  #tell(run: (change: PeopleChange) => void, change: PeopleChange): void {
    try {
      run(change);
    } catch (cause) {
      this.#options.log.error("a watcher of the directory failed", { cause });
    }
  }
}

function isShown({ disabled, person }: Known): boolean {
  return !disabled && !person.hidden;
}

type Test = (folded: Folded) => boolean;

/** Every word of a text must occur in its field, in any order. */
function testsOf(query: PeopleQuery): Test[] {
  const fields = ["name", "mail", "unit", "user"] as const;
  const tests: Test[] = [];
  for (const field of fields) {
    const wanted = words(fold(query[field] ?? ""));
    if (wanted.length > 0) tests.push((folded) => wanted.every((word) => folded[field].includes(word)));
  }
  const anywhere = words(fold(query.any ?? ""));
  if (anywhere.length > 0) {
    tests.push((folded) => anywhere.every((word) => fields.some((field) => folded[field].includes(word))));
  }
  return tests;
}

function changedSince(before: Reading, { people }: Reading): string[] {
  return [...people.values()]
    .filter((known) => {
      const old = before.people.get(known.person.user);
      return old === undefined || !samePerson(old, known) || (old.disabled && !known.disabled);
    })
    .map(({ person }) => person.user);
}

function groupsDiffer(before: readonly Group[], after: readonly Group[]): boolean {
  const written = (groups: readonly Group[]) =>
    groups.map(({ id, name, members }) => JSON.stringify([id, name, [...members].sort()])).sort();
  const [one, other] = [written(before), written(after)];
  return one.length !== other.length || one.some((text, index) => text !== other[index]);
}
