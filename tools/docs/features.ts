import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Xep } from "#core/feature.ts";
import type { Section } from "#core/settings.ts";
import { features, serverFeatures } from "#features/index.ts";

/** A feature as the documentation shows it. */
export interface Described {
  readonly name: string;
  readonly xeps: readonly Xep[];
  // biome-ignore lint/suspicious/noExplicitAny: each feature's own
  readonly settings?: Section<any>;
  /** Its docstring, one paragraph. */
  readonly sentence: string;
}

/** What is shared by features rather than being one. */
const foundation: Described = {
  name: "foundation",
  xeps: [
    { number: 4, version: "2.13.2" },
    { number: 59, version: "1.0" },
    { number: 68, version: "1.3.0" },
    { number: 82, version: "1.1.1" },
    { number: 106, version: "1.1.1" },
    { number: 203, version: "2.0" },
    { number: 297, version: "1.0" },
    { number: 334, version: "1.0.0" },
    { number: 368, version: "1.1.0" },
  ],
  sentence:
    "Forms, result sets, dates, escaped addresses, delays, forwarded stanzas, hints and direct TLS, used by the others.",
};

/** All features, by name, with the docstrings of their sources. */
export function readFeatures(folder: string): Described[] {
  const sentences = new Map<string, string>();
  for (const file of globSync("*/*.ts", { cwd: folder }).sort()) {
    if (file.endsWith(".test.ts")) continue;
    for (const [name, sentence] of docstrings(readFileSync(join(folder, file), "utf8"))) sentences.set(name, sentence);
  }
  const described = [...features, ...serverFeatures].map(({ name, xeps, settings }) => {
    return { name, xeps, sentence: sentences.get(name) ?? "", ...(settings === undefined ? {} : { settings }) };
  });
  return [foundation, ...described].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Names and docstrings of the features in a source text. */
export function docstrings(source: string): [name: string, sentence: string][] {
  const pattern =
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:\/\/[^\n]*\n\s*)*export const \w+: (?:Server)?Feature\b[^=]*= \{\s*name: "([^"]+)"/g;
  return [...source.matchAll(pattern)].map(([, comment = "", name = ""]) => {
    const words = comment.replaceAll(/^\s*\*? ?/gm, "").split(/\n\s*\n/)[0] ?? "";
    return [name, words.replaceAll(/\s+/g, " ").trim()];
  });
}
