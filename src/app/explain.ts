import type { z } from "zod";
import { membersOf, schemaAt } from "./schema.ts";

/** Something wrong in the configuration: where, and what to do about it. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly sentence: string;
}

/** "domains[0].certificate"; "(top)" for the file as a whole. */
export function showPath(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (all, step) => all + (typeof step === "number" ? `[${step}]` : `.${String(step)}`),
    "",
  );
  return text === "" ? "(top)" : text.replace(/^\./, "");
}

/** What zod found, in words for an operator: one problem for each unknown key, suggestions where a key is close. */
export function explain(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, sentence: sentenceFor(issue) }];
    const object = schemaAt(schema, issue.path);
    const known = Object.keys((object && membersOf(object)) ?? {});
    return issue.keys.map((key) => ({ path: [...issue.path, key], sentence: unknownKey(key, known) }));
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const close = closest(key, known);
  return close === undefined ? "no such setting" : `no such setting; did you mean ${close}?`;
}

const nouns: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "keys and values",
};

function sentenceFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined && / received undefined$/.test(issue.message)) return "missing";
      if (issue.expected === "int") return "expected a whole number";
      return `expected ${nouns[issue.expected] ?? issue.expected}${found(issue.message)}`;
    case "invalid_value":
      return `expected ${issue.values.map(String).join(" or ")}`;
    case "too_small":
      if (issue.origin === "array") return "must not be empty";
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function found(message: string): string {
  const noun = / received (\w+)$/.exec(message)?.[1];
  if (noun === undefined || noun === "undefined") return "";
  return `, found ${noun === "null" ? "nothing" : (nouns[noun] ?? noun)}`;
}

/** The word nearest to a mistyped one, if it is near enough to be meant. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, "");
  const ranked = words
    .map((other) => ({ other, distance: distanceOf(plain(word), plain(other)) }))
    .sort((one, other) => one.distance - other.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.other : undefined;
}

/** Levenshtein's distance, for short words. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let line = 1; line <= one.length; line++) {
    const next = [line];
    for (let column = 1; column <= other.length; column++) {
      const change = row[column - 1]! + (one[line - 1] === other[column - 1] ? 0 : 1);
      next.push(Math.min(change, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}
