import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { docstrings } from "../tools/docs/features.ts";
import { generated, root } from "../tools/docs/generated.ts";
import { neededPackages } from "../tools/test/packages.ts";
import { Tally } from "../tools/test/tally.ts";

test("what is generated of the documentation is up to date", () => {
  for (const [file, text] of Object.entries(generated())) {
    const there = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
    assert.ok(there === text, `${file} is not what the sources say: run \`npm run docs\``);
  }
});

test("every key of the configuration has a sentence", () => {
  const manual = generated()["docs/configuration.md"] ?? "";
  const keys = manual.split("\n").filter((line) => line.startsWith("| `"));
  assert.ok(keys.length > 10);
  assert.deepEqual(
    keys.filter((line) => /\|\s*\|$/.test(line)),
    [],
  );
});

test("docstrings are found by the name of their feature", () => {
  const source = `/** Not this. */\nconst x = 1;\n/**\n * Ping (XEP-0199):\n * answers.\n *\n * More.\n */
// biome-ignore x: y
export const xmppPing: Feature<Settings, Api> = {\n  name: "ping",\n};\n`;
  assert.deepEqual(docstrings(source), [["ping", "Ping (XEP-0199): answers."]]);
});

test("links between pages lead somewhere", () => {
  const pages = globSync(["*.md", "docs/**/*.md", "tests/**/*.md"], { cwd: root });
  const broken = pages.flatMap((page) => {
    const links = readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g);
    return [...links]
      .map(([, target = ""]) => target)
      .filter((target) => !existsSync(resolve(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`);
  });
  assert.deepEqual(broken, []);
});

test("a new feature begins with files that are well formed", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-feature-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const make = (...words: string[]) =>
    spawnSync(process.execPath, [join(root, "tools", "new-feature.ts"), ...words, "--folder", folder], {
      encoding: "utf8",
    });
  const made = make("last-words", "999");
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /import \{ lastWords \} from "\.\/last-words\/index\.ts";/);
  assert.deepEqual(readdirSync(join(folder, "last-words")).sort(), ["index.ts", "last-words.test.ts", "last-words.ts"]);
  const source = readFileSync(join(folder, "last-words", "last-words.ts"), "utf8");
  assert.deepEqual(
    docstrings(source).map(([name]) => name),
    ["last-words"],
  );
  assert.equal(make("last-words", "999").status, 1);
  assert.equal(make("Bad Name", "999").status, 2);
});

test("the last line of a run counts, and a failure or nothing at all is no success", () => {
  const said: string[] = [];
  const tally = new Tally((text) => said.push(text));
  tally.passed("a");
  tally.skipped("b", "no reason");
  assert.equal(tally.finish(), 0);
  assert.equal(said.join("").split("\n").at(-2), "1 passed, 0 failed, 1 skipped");
  tally.failed("c", "why");
  assert.equal(tally.finish(), 1);
  assert.equal(said.join("").split("\n").at(-2), "1 passed, 1 failed, 1 skipped");
  assert.equal(new Tally(() => {}).finish(), 1);
});

test("a suite says which packages it needs", () => {
  assert.deepEqual(neededPackages("// Real clients.\n// needs: python3-slixmpp, finch\nimport x"), [
    "python3-slixmpp",
    "finch",
  ]);
  assert.deepEqual(neededPackages("import x"), []);
});
