import { X509Certificate } from "node:crypto";
import type { SeenCertificate } from "#core/federation.ts";
import { identifies, presentedNames } from "#stream/identity.ts";
import type { Transport } from "#stream/transport.ts";
import { Failure } from "./failure.ts";
import { certificateExpired, certificateOfAnother, certificateUntrusted, type Told } from "./texts.ts";

/** What is to be thought of the certificate that a peer showed: whether it proves a domain. */
export type Verdict =
  | { readonly proves: true }
  | { readonly proves: false; readonly problem: "none" | "expired" | "untrusted" | "other-name"; readonly why: string };

/** Whether the peer's certificate is trusted and names the domain (RFC 6120 §13.7.2). */
export function judge(transport: Transport, domain: string): Verdict {
  const certificate = transport.tls?.peerCertificate();
  if (certificate === undefined) return { proves: false, problem: "none", why: "no certificate" };
  const { authorized, problem, reason = "not verified", raw } = certificate;
  if (!authorized && problem !== "name") {
    return { proves: false, problem: problem === "time" ? "expired" : "untrusted", why: reason };
  }
  const found = identifies(raw, domain);
  if (found.identified) return { proves: true };
  const names = found.presented.slice(0, 5).map(({ name }) => name.slice(0, 100).replaceAll(/[^\x21-\x7e]/g, "?"));
  return { proves: false, problem: "other-name", why: `it names ${names.join(", ") || "nothing"}` };
}

/** The certificate of a peer as its operators should see it; undefined where there is none that can be read. */
export function describeCertificate(transport: Transport, verdict: Verdict): SeenCertificate | undefined {
  const raw = transport.tls?.peerCertificate()?.raw;
  if (raw === undefined) return undefined;
  const { issuer, validFromDate, validToDate } = new X509Certificate(raw);
  return {
    names: presentedNames(raw).map(({ name }) => printable(name)),
    issuer: printable(issuer.replaceAll("\n", ", ")),
    from: validFromDate.toISOString(),
    until: validToDate.toISOString(),
    ...(verdict.proves || verdict.problem === "none" ? {} : { problem: verdict.problem }),
  };
}

function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, "?");
}

const told = {
  none: certificateUntrusted,
  untrusted: certificateUntrusted,
  expired: certificateExpired,
  "other-name": certificateOfAnother,
} as const satisfies Record<string, (domain: string) => Told>;

/** The failure that a bad certificate is. */
export function certificateFailure(verdict: Verdict & { proves: false }, domain: string): Failure {
  return new Failure("certificate", told[verdict.problem](domain), `certificate of ${domain}: ${verdict.why}`);
}
