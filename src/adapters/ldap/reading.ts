import { setImmediate } from "node:timers/promises";
import type { Group } from "#core/people.ts";
import type { Directory } from "./directory.ts";
import type { Attributes } from "./entry.ts";
import { all, any } from "./filter.ts";
import { expandGroups, type GroupEntry, plainDn, remainingRange } from "./groups.ts";
import { isDotted, type Known, knownOf, loginFilter, personAttributes } from "./person.ts";
import type { Layout } from "./presets.ts";
import { searchAll } from "./splitting.ts";

const stride = 100;

/** Everybody, and the groups, at one moment. */
export interface Reading {
  readonly people: ReadonlyMap<string, Known>;
  /** Logins by the folded local part of an address. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly Group[];
  /** Whether some logins are of the form `pierre.martin`. */
  readonly dotted: boolean;
  /** Logins that several entries claim: they are nobody's. */
  readonly ambiguous: readonly string[];
}

/** Reads the whole directory, in pages. @throws DirectoryError also where only a part could be read. */
export async function readAll(directory: Directory): Promise<Reading> {
  const layout = await directory.layout();
  const photos = await photoOwners(directory, layout, layout.userFilter);
  const attributes = personAttributes(layout);
  const everybody = { base: layout.userBase, scope: "sub", filter: layout.userFilter, attributes } as const;
  const entries = await searchAll(directory, everybody, layout.login);
  const people = new Map<string, Known>();
  const ambiguous = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    if (index % stride === 0) await setImmediate(); // thousands of people must not hold up stanzas
    const known = knownOf(entry, layout, photos);
    if (known === undefined) continue;
    if (people.has(known.person.user)) ambiguous.add(known.person.user);
    people.set(known.person.user, known);
  }
  for (const user of ambiguous) people.delete(user);
  const groups = expandGroups(await readGroups(directory, layout), people, layout.nested);
  const dotted = [...people.keys()].some(isDotted);
  return { people, aliases: aliasesOf(people.values()), groups, dotted, ambiguous: [...ambiguous] };
}

/** The entries that the directory finds for a login; it may compare more loosely than addresses do. */
export async function peopleWith(directory: Directory, user: string): Promise<Attributes[]> {
  const layout = await directory.layout();
  const filter = all(layout.userFilter, loginFilter(layout, user));
  const attributes = personAttributes(layout);
  return directory.search({ base: layout.userBase, scope: "sub", filter, attributes, sizeLimit: 5 });
}

/** Reads one person; undefined if there is none, or more than one. @throws DirectoryError */
export async function readOne(directory: Directory, user: string): Promise<Known | undefined> {
  const layout = await directory.layout();
  const entries = await peopleWith(directory, user);
  if (entries.length === 0) return undefined;
  const photos = await photoOwners(directory, layout, all(layout.userFilter, loginFilter(layout, user)));
  const found = entries.map((entry) => knownOf(entry, layout, photos)).filter((known) => known?.person.user === user);
  return found.length === 1 ? found[0] : undefined;
}

/** A photo, where it is one and not larger than the limit in bytes. @throws DirectoryError */
export async function readPhoto(directory: Directory, dn: string): Promise<Photo | undefined> {
  const { fields } = await directory.layout();
  const limit = directory.settings["photo-limit"];
  const attributes = [...fields.photo];
  const search = { base: dn, scope: "base", filter: "(objectClass=*)", attributes, binary: attributes } as const;
  const [entry] = await directory.search({ ...search });
  for (const attribute of attributes) {
    const data = entry?.bytes(attribute);
    const type = data && data.length <= limit ? imageType(data) : undefined;
    if (data !== undefined && type !== undefined) return { type, data };
  }
  return undefined;
}

export interface Photo {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Only what clients show, and never what could hold a script. */
function imageType(data: Uint8Array): string | undefined {
  const start = Buffer.from(data.subarray(0, 8)).toString("hex");
  if (start.startsWith("ffd8ff")) return "image/jpeg";
  return start === "89504e470d0a1a0a" ? "image/png" : undefined;
}

async function photoOwners(directory: Directory, layout: Layout, filter: string): Promise<ReadonlySet<string>> {
  const having = any(...layout.fields.photo.map((attribute) => `(${attribute}=*)`));
  if (having === "") return new Set();
  const search = { base: layout.userBase, scope: "sub", filter: all(filter, having) } as const;
  const entries = await searchAll(directory, { ...search, attributes: ["1.1"] }, layout.login);
  return new Set(entries.map(({ dn }) => dn.toLowerCase()));
}

async function readGroups(directory: Directory, layout: Layout): Promise<GroupEntry[]> {
  const attributes = [...layout.groupName, ...layout.members];
  const search = { base: layout.groupBase, scope: "sub", filter: layout.groupFilter, attributes } as const;
  const entries = await searchAll(directory, search, "cn");
  const groups: GroupEntry[] = [];
  for (const entry of entries) {
    const members = layout.members.flatMap((attribute) => entry.all(attribute));
    for (let range = remainingRange(entry, layout.members); range !== undefined; ) {
      // Active Directory gives long lists in parts (MS-ADTS §3.1.1.3.1.3.3).
      members.push(...range.values);
      if (range.next === undefined) break;
      const part = { base: entry.dn, scope: "base", filter: "(objectClass=*)", attributes: [range.next] } as const;
      const [more] = await directory.search({ ...part, attributes: [range.next] });
      range = more && remainingRange(more, layout.members);
    }
    const name = layout.groupName.map((attribute) => entry.first(attribute)).find((value) => value) ?? entry.dn;
    groups.push({ id: plainDn(entry.dn), name, members });
  }
  return groups;
}

function aliasesOf(people: Iterable<Known>): Map<string, readonly string[]> {
  const logins = new Map<string, string[]>();
  for (const { aliases, person } of people) {
    for (const alias of aliases) {
      const list = logins.get(alias);
      if (list === undefined) logins.set(alias, [person.user]);
      else list.push(person.user);
    }
  }
  return logins;
}

/** Whether what others see of a person is the same. */
export function samePerson(one: Known, other: Known): boolean {
  // A photo is not read here; where there is one, any change of the entry may be a change of it.
  return one.shown === other.shown && (!one.person.hasPhoto || one.stamp === other.stamp);
}
