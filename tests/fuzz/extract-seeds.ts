/**
 * Collects XML examples of the XEPs as seeds: `node tests/fuzz/extract-seeds.ts FOLDER > tests/fuzz/seeds/xeps.txt`, where
 * FOLDER holds the XEPs as text files. Keeps those that parse and bring something the ones before them did not have.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Element } from "#xml/element.ts";
import { XmlError } from "#xml/error.ts";
import { parseText } from "#xml/parser.ts";

const TOTAL = 290_000;
const LARGEST = 4_000;

/** The indented blocks that begin with a tag. */
function* examples(text: string): Generator<string> {
  let block: string[] = [];
  for (const line of [...text.split("\n"), ""]) {
    if (line.startsWith("    ") && (block.length > 0 || line.trimStart().startsWith("<"))) {
      block.push(line.slice(4));
      continue;
    }
    if (block.length > 0) yield block.join("\n").trim();
    block = [];
  }
}

function parse(text: string): Element | undefined {
  try {
    return parseText(text);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** What an element shows: the names in it, with the names of their attributes. */
function traits(element: Element, found = new Set<string>()): Set<string> {
  found.add(`${element.ns} ${element.name} ${Object.keys(element.attrs).sort().join(" ")}`);
  for (const child of element.elements) traits(child, found);
  return found;
}

function collect(folder: string): string[] {
  const seen = new Set<string>();
  const kept: string[] = [];
  let total = 0;
  for (const file of readdirSync(folder).sort()) {
    if (!/^xep-\d+\.txt$/.test(file)) continue;
    for (const example of examples(readFileSync(join(folder, file), "utf8"))) {
      const element = example.length > LARGEST ? undefined : parse(example);
      if (element === undefined) continue;
      const fresh = traits(element).difference(seen);
      if (fresh.size < 2 || total + example.length > TOTAL) continue;
      for (const trait of fresh) seen.add(trait);
      kept.push(example);
      total += example.length + 6;
    }
  }
  return kept;
}

const folder = process.argv[2];
if (folder === undefined) process.stderr.write("usage: extract-seeds.ts FOLDER\n");
else process.stdout.write(`${collect(folder).join("\n----\n")}\n`);
