import type { Explanation, Passed, Way } from "#core/federation.ts";
import type { Language, Text } from "#stanza/text.ts";
import { isDoubtful, passedText, placeOf, wayFinding, wayFindings } from "./federation-way.ts";
import { describe } from "./report.ts";

/** The way to a domain in plain words: what was seen at each step, what fails, and what to do. */
export function explanationReport(explanation: Explanation, language: Language): string {
  const { domain, local, passed, failure, ways } = explanation;
  const heading: Text = { en: `From ${local} to ${domain}:`, fr: `De ${local} à ${domain} :` };
  const lines = [
    heading[language],
    ...passed.map((one) => `  ${line(one, language)}`),
    ...ways.flatMap((way) => wayLines(way, explanation, language)),
    ...(failure === undefined ? [] : wayFindings(explanation).map((finding) => describe(finding, language))),
  ];
  return `${lines.join("\n")}\n\n${conclusion(explanation)[language]}\n`;
}

function line(passed: Passed, language: Language): string {
  return `${isDoubtful(passed) ? "!" : "✓"} ${passedText(passed)[language]}`;
}

function wayLines(way: Way, about: Explanation, language: Language): string[] {
  return [
    `  ${placeOf(way.endpoint)[language]}`,
    ...way.passed.map((one) => `    ${line(one, language)}`),
    ...(way.failure === undefined ? [] : [describe(wayFinding(way, about), language)]),
  ];
}

/** Whether messages can go there. */
export function isReached({ failure, ways }: Explanation): boolean {
  return failure === undefined && ways.some((way) => way.failure === undefined);
}

function conclusion(explanation: Explanation): Text {
  if (!isReached(explanation)) {
    const { failure, ways } = explanation;
    const told = failure ?? ways.findLast((way) => way.failure !== undefined)?.failure;
    return {
      en: `Messages cannot go there. People are told: “${told?.says.en ?? ""}”`,
      fr: `Les messages ne peuvent pas y aller. On dit aux gens : « ${told?.says.fr ?? ""} »`,
    };
  }
  const bad = explanation.ways.filter((way) => way.failure !== undefined).length;
  if (bad === 0) return { en: "All is well.", fr: "Tout va bien." };
  return {
    en: `Messages go there, but ${bad} of ${explanation.ways.length} places ${bad === 1 ? "is" : "are"} not good.`,
    fr: `Les messages passent, mais ${bad} endroit${bad === 1 ? " n'est pas bon" : "s ne sont pas bons"} sur ${explanation.ways.length}.`,
  };
}
