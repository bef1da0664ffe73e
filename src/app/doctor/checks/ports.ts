import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { asciiName } from "#adapters/tcp/certificate.ts";
import type { Status } from "../../admin/status.ts";
import { certificatesOf } from "../certificate-files.ts";
import type { Check, Context } from "../check.ts";
import { type Finding, found } from "../finding.ts";
import { probe } from "../probe.ts";
import { portKinds as kinds } from "./port-kinds.ts";

type OpenListener = Status["listeners"][number];

/** Where a client or another server comes in, and what it wants to speak there. */
interface Door extends Pick<OpenListener, "address" | "port" | "tls"> {
  readonly alpn: string;
}

/** The ports: free for the service while it is stopped; as clients need them while it runs. */
export const portsCheck: Check = {
  name: "ports",
  title: { en: "Ports", fr: "Ports" },
  kinds: Object.values(kinds),
  async run(context) {
    const { service } = context;
    if (service.state === "stopped") return free(context);
    if (service.state !== "running") return [];
    const { listeners, http } = service.status;
    const clients: Door[] = listeners
      .filter(({ protocol }) => protocol === "c2s")
      .map(({ address, port, tls }) => ({ address, port, tls, alpn: "xmpp-client" }));
    const servers: Door[] = listeners
      .filter(({ protocol }) => protocol === "s2s")
      .map(({ address, port, tls }) => ({ address, port, tls, alpn: "xmpp-server" }));
    const secure: Door[] = http
      .filter(({ tls }) => tls)
      .map(({ address, port }) => ({ address, port, tls: "direct", alpn: "http/1.1" }));
    const findings = await Promise.all([...clients, ...servers, ...secure].map((one) => tried(context, one)));
    return [...unopened(context, listeners), ...findings.flat()];
  },
};

/** Whether the service will get its ports. */
async function free({ configuration: { listen, http }, system }: Context): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { address, port } of [...listen, ...http.listen]) {
    if (port === 0) continue;
    const code = await system.tryListening(address, port);
    const facts = { address, port };
    if (code === "EADDRINUSE") findings.push(found(kinds.taken, facts));
    else if (code === "EACCES") findings.push(found(kinds.privileged, facts));
    else if (code === "EADDRNOTAVAIL" || code === "EINVAL" || code === "ENOTFOUND")
      findings.push(found(kinds.noAddress, facts));
    else if (code !== undefined && !(code === "EAFNOSUPPORT" && address === "::"))
      findings.push(found(kinds.impossible, { ...facts, code }));
  }
  return findings;
}

function unopened({ configuration: { listen } }: Context, listeners: readonly OpenListener[]): Finding[] {
  return listen
    .filter(({ port }) => port !== 0)
    .filter(({ port, tls }) => !listeners.some((one) => one.port === port && one.tls === tls))
    .map(({ port }) => found(kinds.unopened, { port }));
}

/** Connects as a client of each domain and alias would, up to the first that cannot. */
async function tried(context: Context, { address, port, tls: kind, alpn }: Door): Promise<Finding[]> {
  const tls = kind === "direct" ? "direct" : "starttls";
  const failed = {
    nothing: kinds.silent,
    connection: tls === "direct" ? kinds.noTls : kinds.noStartTls,
    stream: kinds.noTls,
  };
  const host = reachable(address);
  const findings: Finding[] = [];
  for (const { domain, aliases, certificate: file } of certificatesOf(context.configuration)) {
    const others: string[] = [];
    for (const face of [domain, ...aliases]) {
      const got = await probe({ host, port, tls, alpn, domain: asciiName(face), timeoutMs: context.timeoutMs });
      if (got.reached !== "encrypted") return [found(failed[got.reached], { host, port, face, reason: got.reason })];
      if (tls === "direct" && got.alpn !== alpn) return [found(kinds.alpn, { port, alpn })];
      if (differs(file, got.certificate)) others.push(face);
    }
    if (others.length > 0) findings.push(found(kinds.otherCertificate, { port, face: others.join(", "), file }));
  }
  return findings;
}

/** An address by which this machine reaches itself. */
function reachable(address: string): string {
  return address === "::" || address === "0.0.0.0" ? "127.0.0.1" : address;
}

/** Whether a certificate is another than the first of a file; a file that cannot be read is told of elsewhere. */
function differs(file: string, presented: Uint8Array): boolean {
  try {
    return !new X509Certificate(readFileSync(file)).raw.equals(presented);
  } catch {
    return false;
  }
}
