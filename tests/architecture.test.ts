import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { features, serverFeatures } from "#features/index.ts";

/** The floors of docs/architecture.md: a file imports from its own folder or from a lower floor. */
const floors: Readonly<Record<string, number>> = {
  collections: 0,
  xml: 0,
  jid: 0,
  stanza: 1,
  sasl: 1,
  stream: 2,
  core: 3,
  features: 4,
  adapters: 4,
  app: 5,
};
const maxLines = 400;
const root = join(import.meta.dirname, "..");

interface Source {
  /** From `src/` on. */
  readonly path: string;
  readonly text: string;
}

function sources(): Source[] {
  const files = globSync("**/*.ts", { cwd: join(root, "src") }).sort();
  return files.map((path) => ({ path, text: readFileSync(join(root, "src", path), "utf8") }));
}

/** What a file imports: paths from `src/` on, `node:…`, or names of packages. */
function importsOf({ path, text }: Source): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = [...code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"([^"\n]+)"/g)].map((match) => match[1]!);
  return found.map((target) => {
    if (target.startsWith("#")) return target.slice(1);
    return target.startsWith(".") ? join(path, "..", target) : target;
  });
}

/** The folder that a rule speaks of: `xml`, or for a feature or adapter its own, such as `features/mam`. */
function home(path: string): string {
  const [top = "", second = ""] = path.split("/");
  const nested = (top === "features" || top === "adapters") && !second.endsWith(".ts");
  return nested ? `${top}/${second}` : top;
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.endsWith(".conformance.ts");
}

/** What is wrong with the imports of a file, in sentences. */
function wrongImports(source: Source): string[] {
  const { path } = source;
  const floor = floors[path.split("/")[0]!];
  if (floor === undefined) return [`${path}: its folder has no floor`];
  return importsOf(source).flatMap((target) => {
    const complaint = `${path} imports ${target}`;
    if (target.startsWith("node:")) {
      const allowed = floor > 1 || isTest(path) || (path.startsWith("sasl/") && target === "node:crypto");
      return allowed ? [] : [complaint];
    }
    const other = floors[target.split("/")[0]!];
    if (other === undefined || !target.includes("/")) return []; // a package; #test is for tests, below
    if (home(target) === home(path)) return [];
    if (path === "features/index.ts" || target === "features/index.ts") return floor >= other ? [] : [complaint];
    if (target.startsWith("features/") && path.startsWith("features/")) {
      return target.endsWith("/index.ts") && target.split("/").length === 3 ? [] : [complaint];
    }
    return other < floor ? [] : [complaint];
  });
}

/** Imports of the test folder by anything but a test. */
function testImports(source: Source): string[] {
  if (isTest(source.path)) return [];
  return importsOf(source)
    .filter((target) => target.startsWith("test/"))
    .map((target) => `${source.path} imports ${target}`);
}

test("files import from their own folder or from a lower floor", () => {
  const wrong = sources().flatMap((source) => [
    ...(isTest(source.path) ? [] : wrongImports(source)),
    ...testImports(source),
  ]);
  assert.deepEqual(wrong, []);
});

test("a planted violation is found", () => {
  const planted: readonly [path: string, text: string, found: boolean][] = [
    ["features/mam/mam.ts", 'import { openSqlite } from "#adapters/sqlite/sqlite.ts";', true],
    ["features/mam/mam.ts", 'import {\n  list,\n} from "../roster/store.ts";', true],
    ["features/mam/mam.ts", 'import { roster } from "../roster/index.ts";', false],
    ["features/mam/mam.ts", 'import { roster } from "#features/roster/index.ts";', false],
    ["features/mam/mam.ts", 'import { main } from "#app/main.ts";', true],
    ["adapters/tcp/listen.ts", 'import { c2s } from "#features/c2s/index.ts";', true],
    ["adapters/tcp/listen.ts", 'import { openSqlite } from "../sqlite/sqlite.ts";', true],
    ["xml/parser.ts", 'import { Buffer } from "node:buffer";', true],
    ["xml/parser.ts", 'import { Jid } from "#jid/jid.ts";', true],
    ["sasl/scram.ts", 'import { hash } from "node:crypto";', false],
    ["sasl/scram.ts", 'import { readFile } from "node:fs";', true],
    ["core/router.ts", 'const late = await import("#features/roster/index.ts");', true],
    ["core/router.ts", '// import { x } from "#features/roster/index.ts";', false],
    ["app/assemble.ts", 'export { features } from "#features/index.ts";', false],
    ["cellar/wine.ts", "", true],
  ];
  for (const [path, text, found] of planted) {
    assert.equal(wrongImports({ path, text }).length > 0, found, `${path}: ${text}`);
  }
  assert.equal(
    testImports({ path: "core/router.ts", text: 'import { scenario } from "#test/harness/scenario.ts";' }).length,
    1,
  );
});

test(`no file has more than ${maxLines} lines`, () => {
  const long = sources().filter(({ path, text }) => !isTest(path) && text.split("\n").length - 1 > maxLines);
  assert.deepEqual(
    long.map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`),
    [],
  );
});

test("every feature folder is listed, has a test, and says which XEP or RFC it is", () => {
  const all = sources();
  const index = all.find(({ path }) => path === "features/index.ts");
  assert.ok(index);
  const listed = new Set(importsOf(index).map((target) => target.split("/")[1]));
  const folders = new Set(all.flatMap(({ path }) => (/^features\/[^/]+\//.test(path) ? [path.split("/")[1]!] : [])));
  const wrong = [...folders].flatMap((folder) => {
    const files = all.filter(({ path }) => path.startsWith(`features/${folder}/`));
    const main = files.find(({ path }) => path === `features/${folder}/${folder}.ts`);
    const docstring =
      /\/\*\*[^/]*(?:XEP-\d{4}|RFC \d{4})[\s\S]*?\*\/\s*(?:\/\/[^\n]*\n\s*)*export const \w+: (?:Server)?Feature\b/;
    return [
      ...(listed.has(folder) ? [] : [`${folder} is not listed in features/index.ts`]),
      ...(files.some(({ path }) => path.endsWith(".test.ts")) ? [] : [`${folder} has no test`]),
      ...(files.some(({ path }) => path.endsWith("/index.ts")) ? [] : [`${folder} has no index.ts`]),
      ...(main === undefined ? [`${folder} has no ${folder}.ts`] : []),
      ...(main === undefined || docstring.test(main.text) ? [] : [`${folder}.ts: no docstring with its XEP or RFC`]),
    ];
  });
  assert.deepEqual(wrong, []);
});

test("features have names of their own, and XEPs with number and version", () => {
  const all = [...features, ...serverFeatures];
  const names = all.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
  for (const { name, xeps } of all) {
    for (const { number, version } of xeps) {
      assert.ok(
        Number.isInteger(number) && number > 0 && /^\d+(\.\d+)*$/.test(version),
        `${name}: XEP ${number} ${version}`,
      );
    }
  }
});

test("no machine's paths and no registry's names stand in the tree", () => {
  const files = globSync(["src/**/*.ts", "tools/**/*", "docs/**/*.md", "*.md", "run", "test", "parloir"], {
    cwd: root,
    withFileTypes: true,
  }).filter((entry) => entry.isFile());
  assert.ok(files.length > 0);
  const suspicious = new RegExp(["/ho" + "me/\\w+", "/wo" + "rk/", "/ro" + "ot/", "registry\\.np" + "mjs"].join("|"));
  const wrong = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => suspicious.test(readFileSync(file, "utf8")));
  assert.deepEqual(wrong, []);
});
