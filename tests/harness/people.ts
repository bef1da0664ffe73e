import {
  DirectoryError,
  type Group,
  type People,
  type PeopleChange,
  type PeopleQuery,
  type Person,
} from "#core/people.ts";

/** A person of a test: what matters; the rest is empty. */
export interface MemoryPerson extends Partial<Omit<Person, "user" | "hasPhoto">> {
  readonly user: string;
  readonly photo?: { readonly type: string; readonly data: Uint8Array };
}

/** An institution's directory in memory. */
export class MemoryPeople implements People {
  /** While true every question is answered by a DirectoryError. */
  fail = false;
  /** How often each question was asked. */
  readonly asked = { find: 0, photo: 0, resolve: 0, search: 0 };
  readonly #persons = new Map<string, MemoryPerson>();
  readonly #watchers = new Set<(change: PeopleChange) => void>();
  #groups: readonly Group[];

  constructor(persons: readonly MemoryPerson[], groups: readonly Group[] = []) {
    for (const person of persons) this.#persons.set(person.user, person);
    this.#groups = groups;
  }

  /** A sync has found changes: persons who are new or different, logins that are gone, the groups as they are now. */
  change(changes: {
    readonly persons?: readonly MemoryPerson[];
    readonly ended?: readonly string[];
    readonly groups?: readonly Group[];
  }): void {
    const { persons = [], ended = [], groups } = changes;
    for (const person of persons) this.#persons.set(person.user, person);
    for (const user of ended) this.#persons.delete(user);
    if (groups !== undefined) this.#groups = groups;
    const told = { ended, changed: persons.map(({ user }) => user), groups: groups !== undefined };
    for (const run of this.#watchers) run(told);
  }

  /** Who listens for changes. */
  get watchers(): number {
    return this.#watchers.size;
  }

  async find(user: string): Promise<Person | undefined> {
    this.#count("find");
    const person = this.#persons.get(user);
    return person && whole(person);
  }

  async photo(user: string): Promise<{ readonly type: string; readonly data: Uint8Array } | undefined> {
    this.#count("photo");
    return this.#persons.get(user)?.photo;
  }

  async resolve(local: string): Promise<readonly string[]> {
    this.#count("resolve");
    const wanted = folded(local);
    return this.#all()
      .filter((person) => person.user !== local && addresses(person).has(wanted))
      .map(({ user }) => user);
  }

  async search(
    query: PeopleQuery,
    limit: number,
  ): Promise<{ readonly people: readonly Person[]; readonly more: boolean }> {
    this.#count("search");
    const found = this.#all().filter((person) => !person.hidden && fits(person, query));
    return { people: found.slice(0, limit), more: found.length > limit };
  }

  async groups(): Promise<readonly Group[]> {
    if (this.fail) throw new DirectoryError("the directory is down");
    return this.#groups;
  }

  watch(run: (change: PeopleChange) => void): () => void {
    this.#watchers.add(run);
    return () => void this.#watchers.delete(run);
  }

  #all(): Person[] {
    return [...this.#persons.values()].map(whole);
  }

  #count(question: keyof MemoryPeople["asked"]): void {
    this.asked[question]++;
    if (this.fail) throw new DirectoryError("the directory is down");
  }
}

function whole({ photo, ...person }: MemoryPerson): Person {
  return { displayName: person.user, mail: [], phones: [], hidden: false, ...person, hasPhoto: photo !== undefined };
}

/** The local parts that mean a person: of the mail addresses, and first.last. */
function addresses(person: Person): Set<string> {
  const { givenName, familyName, mail } = person;
  const names = mail.map((address) => address.slice(0, address.indexOf("@")));
  if (givenName !== undefined && familyName !== undefined) {
    names.push(`${givenName}.${familyName}`.replaceAll(/[ ']/g, "-"));
  }
  return new Set(names.map(folded));
}

function fits(person: Person, { any, name, mail, unit, user }: PeopleQuery): boolean {
  const names = [person.displayName, person.givenName ?? "", person.familyName ?? ""];
  const fields: [string | undefined, readonly string[]][] = [
    [any, [...names, ...person.mail, person.unit ?? "", person.user]],
    [name, names],
    [mail, person.mail],
    [unit, [person.unit ?? ""]],
    [user, [person.user]],
  ];
  return fields.every(([text, values]) => !text || values.some((value) => folded(value).includes(folded(text))));
}

/** Without case and accents. */
function folded(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
