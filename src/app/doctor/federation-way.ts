import { isIPv6 } from "node:net";
import type { Explanation, FailedStep, Passed, Way } from "#core/federation.ts";
import type { Endpoint } from "#core/network.ts";
import type { Text } from "#stanza/text.ts";
import { federationWayKinds as kinds } from "./checks/federation-way-kinds.ts";
import { type Finding, found, type Kind } from "./finding.ts";

/** What is wrong on the way to a domain; nothing where one of its places is good. */
export function wayFindings({ domain, local, failure, ways }: Explanation): Finding[] {
  if (failure !== undefined) return [found(kindOf(failure, []), { domain, local, why: failure.why, target: domain })];
  return ways.some((way) => way.failure === undefined) ? [] : ways.map((way) => wayFinding(way, { domain, local }));
}

/** What is wrong with one place. */
export function wayFinding(
  { endpoint, failure, passed }: Way,
  { domain, local }: { readonly domain: string; readonly local: string },
): Finding {
  const { why } = failure!;
  return found(kindOf(failure!, passed), { domain, local, why, target: targetOf(endpoint) });
}

function kindOf({ step, condition, why }: FailedStep, passed: readonly Passed[]): Kind {
  switch (step) {
    case "policy":
      return kinds.refused;
    case "dns":
      if (condition !== "remote-server-not-found") return kinds.dnsFailed;
      return why.includes("s2s.addresses") ? kinds.addressRefused : kinds.notFound;
    case "connection":
      return kinds.noConnection;
    case "tls":
      return kinds.noTls;
    case "certificate":
      return certificateKind(passed);
    case "authentication":
      return kinds.notBelieved;
    default:
      return condition === "policy-violation" ? kinds.notBelieved : kinds.broken;
  }
}

function certificateKind(passed: readonly Passed[]): Kind {
  const problem = passed.find((one) => one.step === "certificate")?.certificate.problem;
  if (problem === "expired") return kinds.certificateExpired;
  return problem === "other-name" ? kinds.certificateOther : kinds.certificateUntrusted;
}

/** An address with its port, as programs take it. */
export function targetOf({ address, port }: Endpoint): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A place with the name that led there. */
export function placeOf(endpoint: Endpoint): Text {
  const place = `${endpoint.host} (${targetOf(endpoint)}`;
  return endpoint.security === "direct"
    ? { en: `${place}, TLS at once)`, fr: `${place}, TLS d'emblée)` }
    : { en: `${place}, STARTTLS)`, fr: `${place}, STARTTLS)` };
}

const certificateProblems = {
  expired: { en: "NOT VALID NOW", fr: "NON VALABLE ACTUELLEMENT" },
  "other-name": { en: "OF ANOTHER NAME", fr: "D'UN AUTRE NOM" },
  untrusted: { en: "OF AN AUTHORITY THAT IS NOT KNOWN HERE", fr: "D'UNE AUTORITÉ INCONNUE ICI" },
} as const;

/** Whether a step was taken, but something is wrong with what was seen. */
export function isDoubtful(passed: Passed): boolean {
  return passed.step === "certificate" && passed.certificate.problem !== undefined;
}

/** A step that was taken, in words. */
export function passedText(passed: Passed): Text {
  switch (passed.step) {
    case "policy":
      return { en: "the settings allow it", fr: "les réglages le permettent" };
    case "dns": {
      const count = passed.endpoints.length;
      return {
        en: `the DNS leads to ${count} ${count === 1 ? "place" : "places"}`,
        fr: `le DNS mène à ${count} ${count === 1 ? "endroit" : "endroits"}`,
      };
    }
    case "connection":
      return { en: "connected", fr: "connexion établie" };
    case "tls":
      return { en: `encrypted: ${passed.version}`, fr: `chiffrement : ${passed.version}` };
    case "certificate":
      return certificateText(passed);
    case "stream":
      return offeredText(passed);
    case "authentication":
      return {
        certificate: { en: "our certificate was accepted", fr: "notre certificat a été accepté" },
        "certificate-refused": { en: "our certificate was not accepted", fr: "notre certificat n'a pas été accepté" },
        dialback: { en: "we were asked back, and believed", fr: "on nous a rappelés, et crus (dialback)" },
      }[passed.how];
  }
}

function certificateText({ certificate }: Passed & { step: "certificate" }): Text {
  const { names, issuer, from, until, problem } = certificate;
  const shown = names.slice(0, 6).join(", ");
  const [first, last] = [from.slice(0, 10), until.slice(0, 10)];
  const bad = problem === undefined ? { en: "", fr: "" } : certificateProblems[problem];
  return {
    en: `certificate${bad.en && ` ${bad.en}`}: ${shown}; valid from ${first} to ${last}; issued by ${issuer}`,
    fr: `certificat${bad.fr && ` ${bad.fr}`} : ${shown} ; valable du ${first} au ${last} ; émis par ${issuer}`,
  };
}

function offeredText({ mechanisms, dialback, bidirectional }: Passed & { step: "stream" }): Text {
  const offers = [
    ...mechanisms.slice(0, 6).map((name) => `SASL ${name}`),
    ...(dialback ? ["dialback"] : []),
    ...(bidirectional ? ["bidi"] : []),
  ];
  const list = offers.join(", ");
  return { en: `offered: ${list || "nothing"}`, fr: `proposé : ${list || "rien"}` };
}
