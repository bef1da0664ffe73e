import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { parseConfiguration, schemaOf } from "#app/configuration.ts";
import { features } from "#features/index.ts";

/** What docs/directory.md tells administrators to write is understood. */

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "directory.md"), "utf8");

test("every example of the manual is a valid configuration", () => {
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  assert.ok(examples.length >= 8);
  for (const example of examples) parseConfiguration(example, features, { folder: "/" });
});

test("every key that the manual names is one of the configuration", () => {
  const schema = z.toJSONSchema(schemaOf(features), { io: "input", unrepresentable: "any" }) as Schema;
  const sections = Object.keys(schema.properties ?? {});
  const named = [...page.matchAll(/`([a-z][a-z-]*(?:\[\])?(?:\.[a-z-]+)+)/g)]
    .map(([, key = ""]) => key)
    .filter((key) => sections.includes(key.split(/[.[]/)[0]!));
  assert.ok(named.length > 20, named.join(" "));
  assert.deepEqual(
    named.filter((key) => !has(schema, key.replace("[]", ".0").split("."))),
    [],
  );
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

function has(schema: Schema | undefined, [first, ...rest]: readonly string[]): boolean {
  if (schema === undefined) return false;
  if (first === undefined) return true;
  return has(schema.items ?? schema.properties?.[first], rest);
}
