import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checks } from "#app/doctor/checks.ts";
import { checkFailed } from "#app/doctor/doctor.ts";
import { found } from "#app/doctor/finding.ts";
import { report, reportAsJson } from "#app/doctor/report.ts";

const kinds = [checkFailed, ...checks.flatMap((check) => check.kinds)];

const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test("every finding has an id of its own, and both languages say the same things", () => {
  const ids = kinds.map((kind) => kind.id);
  assert.deepEqual([...new Set(ids)], ids);
  assert.ok(ids.length > 60);
  for (const kind of kinds) {
    for (const { en, fr } of [kind.says, kind.fix]) {
      assert.ok(en.length > 10 && fr.length > 10 && en !== fr, kind.id);
      assert.deepEqual(placeholders(en), placeholders(fr), kind.id);
      assert.match(en, /[.:}]$/, kind.id);
      // French has a space before these signs.
      assert.doesNotMatch(fr.replace(/`[^`]*`/g, ""), /[^\s][:;?!](?=\s|$)/, `${kind.id}: ${fr}`);
    }
  }
});

test("docs/doctor.md lists exactly the findings that there are", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "doctor.md"), "utf8");
  const listed = page.split("\n").flatMap((line) => {
    const [, id, severity] = /^\| `([a-z-]+)` \| (\w+) \|/.exec(line) ?? [];
    return id === undefined ? [] : [`${id} ${severity}`];
  });
  assert.deepEqual(
    listed,
    kinds.map((kind) => `${kind.id} ${kind.severity}`),
  );
});

test("facts are quoted in commands, and a text without its fact is a bug", () => {
  const kind = {
    id: "x",
    severity: "hint",
    says: { en: "{file}", fr: "{file}" },
    fix: { en: "{file}", fr: "{file}" },
    commands: ["rm {file} {options}"],
  } as const;
  const { says, commands } = found(kind, { file: "it's $HOME", options: "--config x" });
  assert.equal(says.en, "it's $HOME");
  assert.deepEqual(commands, ["rm 'it'\\''s $HOME' --config x"]);
  assert.throws(() => found(kind, { file: "y" }), TypeError);
});

test("the report groups findings, the worst first, in either language", () => {
  const title = { en: "Disk", fr: "Disque" };
  const text = { en: "Long ".repeat(40).trim(), fr: "Trop long : que faire ?" };
  const common = { check: "disk", title, says: text, fix: text };
  const findings = [
    { ...common, id: "b", severity: "hint" as const },
    { ...common, id: "a", severity: "error" as const, commands: ["df -h"], zone: ["a. IN A 192.0.2.1"] },
  ];
  const english = report(findings, "en");
  assert.match(english, /^Disk\n {2}ERROR {2}\[a\]\n(?: {4}Long.*\n)+ {4}What to do: (?:.*\n)+? {6}\$ df -h\n/);
  assert.match(english, / {4}DNS zone:\n {6}a\. IN A 192\.0\.2\.1\n {2}HINT {2}\[b\]\n/);
  assert.match(english, /\n\n1 error, 1 hint\n$/);
  assert.ok(english.split("\n").every((line) => line.length <= 104));
  assert.match(report(findings, "fr"), /ERREUR.*\n {4}Trop long : que faire \?\n {4}Que faire : Trop/);
  assert.equal(report([], "fr"), "Tout va bien.\n");
  const { healthy, findings: told } = JSON.parse(reportAsJson(findings));
  assert.equal(healthy, false);
  assert.deepEqual(told, findings);
  assert.equal(JSON.parse(reportAsJson([findings[0]!])).healthy, true);
});
