import type { PeopleQuery, Person } from "#core/people.ts";

/** What somebody typed, by field; "" or absent where nothing. */
export interface Typed {
  readonly any?: string;
  readonly first?: string;
  readonly last?: string;
  readonly mail?: string;
  readonly unit?: string;
  readonly login?: string;
}

/** A search as the directory is asked for it, and what its finds must fulfil beside. */
export interface Search {
  readonly query: PeopleQuery;
  /** Whether a find is one; the directory cannot tell first names from last ones, nor look for several words. */
  fits(person: Person): boolean;
  /** Whether `fits` asks for more than the query does. */
  readonly narrower: boolean;
}

/** A search for what was typed; undefined if no field has so many letters. Every word must be found in its field. */
export function searchFor(typed: Typed, letters: number): Search | undefined {
  const words = {
    any: wordsOf(typed.any),
    first: wordsOf(typed.first),
    last: wordsOf(typed.last),
    mail: wordsOf(typed.mail),
    unit: wordsOf(typed.unit),
    login: wordsOf(typed.login),
  };
  if (!Object.values(words).some((list) => [...longest(list)].length >= Math.max(1, letters))) return undefined;
  const asked = {
    any: longest(words.any),
    name: longest([longest(words.last) || longest(words.first)]),
    mail: longest(words.mail),
    unit: longest(words.unit),
    user: longest(words.login),
  };
  const query: PeopleQuery = Object.fromEntries(Object.entries(asked).filter(([, text]) => text !== ""));
  const rest = Object.values(words).some((list) => list.length > 1) || words.first.length + words.last.length > 0;
  return { query, narrower: rest, fits: (person) => fitting(person, words) };
}

type Words = Readonly<Record<keyof Typed, readonly string[]>>;

function fitting(person: Person, words: Words): boolean {
  const { displayName, givenName, familyName, mail, unit = "", user } = person;
  const everything = [displayName, givenName ?? "", familyName ?? "", ...mail, unit, user];
  return (
    holds(everything, words.any) &&
    holds([givenName ?? displayName], words.first) &&
    holds([familyName ?? displayName], words.last) &&
    holds(mail, words.mail) &&
    holds([unit], words.unit) &&
    holds([user], words.login)
  );
}

function holds(texts: readonly string[], words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const all = texts.map(folded);
  return words.every((word) => all.some((text) => text.includes(folded(word))));
}

/** The words of a field. People write `mart*` or `mart%`, as other directories want it. */
function wordsOf(text = ""): string[] {
  return text
    .normalize("NFC")
    .split(/[\s*%]+/u)
    .filter((word) => word !== "");
}

function longest(words: readonly string[]): string {
  return words.reduce((one, other) => (other.length > one.length ? other : one), "");
}

/** Without case and accents. */
function folded(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
