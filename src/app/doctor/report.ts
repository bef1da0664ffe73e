import type { Language, Text } from "#stanza/text.ts";
import { type Found, isHealthy } from "./doctor.ts";
import type { Finding, Severity } from "./finding.ts";

const words: Readonly<Record<Severity, Text>> = {
  error: { en: "ERROR", fr: "ERREUR" },
  warning: { en: "WARNING", fr: "AVERTISSEMENT" },
  hint: { en: "HINT", fr: "CONSEIL" },
};

const order: readonly Severity[] = ["error", "warning", "hint"];
const width = 100;

/** The findings in plain words, grouped by what was looked at. */
export function report(findings: readonly Found[], language: Language): string {
  if (findings.length === 0) {
    const well: Text = { en: "Nothing is wrong.\n", fr: "Tout va bien.\n" };
    return well[language];
  }
  const groups = Map.groupBy(findings, ({ check }) => check);
  const parts = [...groups.values()].map((group) => {
    const sorted = order.flatMap((severity) => group.filter((finding) => finding.severity === severity));
    return [group[0]!.title[language], ...sorted.map((finding) => describe(finding, language))].join("\n");
  });
  return `${parts.join("\n\n")}\n\n${summary(findings, language)}\n`;
}

/** The same for programs: both languages, and whether all is well. */
export function reportAsJson(findings: readonly Found[]): string {
  return `${JSON.stringify({ healthy: isHealthy(findings), findings }, undefined, 2)}\n`;
}

/** One finding, indented. */
export function describe({ id, severity, says, fix, commands = [], zone = [] }: Finding, language: Language): string {
  const zoneTitle: Text = { en: "DNS zone:", fr: "Zone DNS :" };
  const fixTitle: Text = { en: "What to do:", fr: "Que faire :" };
  return [
    `  ${words[severity][language]}  [${id}]`,
    ...wrap(says[language]),
    ...wrap(`${fixTitle[language]} ${fix[language]}`),
    ...commands.map((command) => `      $ ${command}`),
    ...(zone.length === 0 ? [] : [`    ${zoneTitle[language]}`, ...zone.map((line) => `      ${line}`)]),
  ].join("\n");
}

/** Lines of a text that may have some of its own; long words stay whole, and French signs with their word. */
function wrap(text: string): string[] {
  const bound = text.replace(/ (?=[:;?!»])|(?<=«) /g, "\u00a0");
  return bound.split("\n").flatMap((own) => {
    const lines: string[] = [];
    let line = "";
    for (const word of own.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    return [...lines, line].map((one) => `    ${one.replaceAll("\u00a0", " ")}`.trimEnd());
  });
}

function summary(findings: readonly Found[], language: Language): string {
  const plural: Readonly<Record<Severity, Text>> = {
    error: { en: "errors", fr: "erreurs" },
    warning: { en: "warnings", fr: "avertissements" },
    hint: { en: "hints", fr: "conseils" },
  };
  const singular = (severity: Severity) => words[severity][language].toLowerCase();
  return order
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${count === 1 ? singular(severity) : plural[severity][language]}`)
    .join(", ");
}
