import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { asciiName, names } from "#adapters/tcp/certificate.ts";
import { type CertificateOfDomain, certificatesOf } from "../certificate-files.ts";
import type { Check, Context } from "../check.ts";
import { type Finding, found } from "../finding.ts";
import { isLocalName } from "../names.ts";
import { chainFindings } from "./certificate-chain.ts";
import { certificateKinds as kinds } from "./certificate-kinds.ts";

const dayMs = 86_400_000;
/** A certificate that only lives this many times the days of a warning is not warned of: it is renewed late by design. */
const fairShare = 2;

/** The certificates: can they be used, do clients accept them, for how long? */
export const certificatesCheck: Check = {
  name: "certificates",
  title: { en: "Certificates", fr: "Certificats" },
  kinds: Object.values(kinds),
  async run(context) {
    const seen = new Set<string>();
    return certificatesOf(context.configuration).flatMap((one) => {
      const files = `${one.certificate}\n${one.key}`;
      const first = !seen.has(files);
      seen.add(files);
      return examine(context, one, first);
    });
  },
};

/** What is wrong with the certificate of a domain; of the file itself only if it is looked at for the first time. */
function examine(context: Context, one: CertificateOfDomain, first: boolean): Finding[] {
  const { certificate: file } = one;
  const all = readCertificates(file);
  if (all === undefined) return first ? [found(kinds.unreadable, { file })] : [];
  const key = readKey(one.key);
  if (key === undefined) return first ? [found(kinds.keyUnreadable, { file: one.key })] : [];
  const leaf = all.find((candidate) => candidate.checkPrivateKey(key));
  if (leaf === undefined) return first ? [found(kinds.mismatch, { file, key: one.key })] : [];
  const own = [...keyMode(one.key), ...chainFindings(context, one, { all, leaf }), ...strength(file, all, leaf)];
  return [...(first ? [...own, ...validity(context, file, leaf)] : []), ...namesOf(one, leaf)];
}

function readCertificates(file: string): X509Certificate[] | undefined {
  try {
    const blocks = readFileSync(file, "utf8").match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function readKey(file: string): KeyObject | undefined {
  try {
    return createPrivateKey(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function keyMode(file: string): Finding[] {
  return (statSync(file).mode & 0o004) === 0 ? [] : [found(kinds.keyOpen, { file })];
}

function strength(file: string, all: readonly X509Certificate[], leaf: X509Certificate): Finding[] {
  const { asymmetricKeyType: type = "", asymmetricKeyDetails: details = {} } = leaf.publicKey;
  const bits = details.modulusLength ?? 0;
  const weakKey = /^rsa/.test(type) && bits < 2048;
  // Nobody checks the signature of a root.
  const signed = all.filter((one) => one.subject !== one.issuer || one === leaf);
  const weak = signed.find(({ signatureAlgorithm }) => /(?:sha-?1|md5)(?!\d)/i.test(signatureAlgorithm ?? ""));
  return [
    ...(weakKey ? [found(kinds.weakKey, { file, bits })] : []),
    ...(weak === undefined
      ? []
      : [
          found(kinds.weakSignature, {
            file,
            algorithm: weak.signatureAlgorithm ?? "",
            subject: oneLine(weak.subject),
          }),
        ]),
  ];
}

function validity({ system }: Context, file: string, { validFromDate, validToDate }: X509Certificate): Finding[] {
  const now = system.now();
  const from = validFromDate.getTime();
  const left = validToDate.getTime() - now;
  const facts = { file, end: day(validToDate), days: Math.floor(left / dayMs) };
  if (from > now) return [found(kinds.early, { file, start: day(validFromDate), now: day(new Date(now)) })];
  if (left < 0) return [found(kinds.expired, facts)];
  const life = validToDate.getTime() - from;
  const within = (days: number) => left < days * dayMs && life > fairShare * days * dayMs;
  if (within(1)) return [found(kinds.lastDay, facts)];
  if (within(7)) return [found(kinds.lastWeek, facts)];
  return within(21) ? [found(kinds.lastWeeks, facts)] : [];
}

/**
 * Names that clients look for. Most check the domain of the account; libpurple checks the name it connected to ("connect
 * server"), which is an alias where one is configured.
 */
function namesOf({ certificate: file, domain, aliases }: CertificateOfDomain, leaf: X509Certificate): Finding[] {
  const faces = [domain, ...aliases];
  const wanted = faces.map((face) => `-d ${asciiName(face)}`).join(" ");
  const named = leaf.subjectAltName ?? oneLine(leaf.subject);
  return faces
    .filter((face) => !isLocalName(face) && !names(leaf, asciiName(face)))
    .map((face) =>
      found(face === domain ? kinds.domainMissing : kinds.aliasMissing, { file, domain, face, named, options: wanted }),
    );
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function oneLine(subject: string): string {
  return subject.replaceAll("\n", ", ");
}
