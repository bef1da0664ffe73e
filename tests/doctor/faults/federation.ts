import type { Explanation, FailedStep, Passed, SeenCertificate } from "#core/federation.ts";
import { alias, domain, type Laboratory } from "../laboratory.ts";
import type { Fault } from "./fault.ts";

const partner = "partner.example";
const faces = [domain, alias];
const rooms = faces.map((name) => `conference.${name}`);
const plain = `_xmpp-server._tcp.${domain}`;
const direct = `_xmpps-server._tcp.${domain}`;
const says = { en: "Told.", fr: "Dit." };

/** Exchanges messages with others, and all that this needs is there. */
async function federates(laboratory: Laboratory, s2s: object = {}): Promise<void> {
  const { settings, system, zone, intermediate } = laboratory;
  settings.s2s = s2s;
  (settings.listen as object[]).push(
    { protocol: "s2s", port: 5269, address: "127.0.0.1" },
    { protocol: "s2s", port: 5270, address: "127.0.0.1", tls: "direct" },
  );
  system.tryListening = async () => undefined;
  for (const face of faces) {
    zone.services[`_xmpp-server._tcp.${face}`] = [{ name: alias, port: 5269, priority: 5, weight: 0 }];
    zone.services[`_xmpps-server._tcp.${face}`] = [{ name: alias, port: 5270, priority: 5, weight: 0 }];
  }
  laboratory.certify(await intermediate.issue({ names: [...faces, ...rooms] }));
}

/** What the records of the domain lead to. */
function leadTo({ zone }: Laboratory, name: string, port = 5269): void {
  zone.services[plain] = [{ name, port, priority: 5, weight: 0 }];
  zone.services[direct] = [{ name, port: port + 1, priority: 5, weight: 0 }];
}

const endpoint = { host: `xmpp.${partner}`, address: "198.51.100.20", port: 5269, security: "starttls" } as const;
const certificate: SeenCertificate = { names: [partner], issuer: "CN=X", from: "2026-01-01", until: "2026-12-31" };

function fails(to: string, failure: Omit<FailedStep, "says">, passed?: readonly Passed[]): Explanation {
  const told = { ...failure, says };
  const about = { domain: to, local: domain, passed: [] };
  return passed === undefined
    ? { ...about, failure: told, ways: [] }
    : { ...about, ways: [{ endpoint, passed, failure: told }] };
}

/** The way to a partner that the settings name fails at a step. */
function wayFault(
  finds: string,
  step: string,
  expected: Pick<Fault, "says" | "fix">,
  more: { condition?: string; why?: string; problem?: SeenCertificate["problem"]; early?: boolean } = {},
): Fault {
  const { condition = "remote-server-timeout", why = "the reason", problem, early = false } = more;
  const seen: Passed[] =
    problem === undefined ? [] : [{ step: "certificate", certificate: { ...certificate, problem } }];
  return {
    finds,
    set: `on the way to a partner: ${step}`,
    ...expected,
    async break(laboratory) {
      await federates(laboratory, { policy: "allow", allow: [partner] });
      laboratory.explanations = { [partner]: fails(partner, { step, condition, why }, early ? undefined : seen) };
    },
  };
}

export const federationFaults: readonly Fault[] = [
  {
    finds: "federation-no-port",
    set: "no listener for servers",
    says: /no port for other servers/,
    fix: "protocol: s2s, port: 5269",
    break: ({ settings }) => {
      settings.s2s = {};
    },
  },
  {
    finds: "federation-no-records",
    set: "no records for servers, and an address that is the web server",
    says: /does not lead servers .* from obspm\.example to this one/,
    fix: `${plain}. 3600 IN SRV 5 0 5269 ${alias}.`,
    async break(laboratory) {
      await federates(laboratory);
      delete laboratory.zone.services[plain];
      delete laboratory.zone.services[direct];
    },
  },
  {
    finds: "federation-denied",
    set: "records that say there is none",
    says: /tell other servers that there is no such service/,
    fix: `${direct}. 3600 IN SRV 5 0 5270 ${alias}.`,
    async break(laboratory) {
      await federates(laboratory);
      leadTo(laboratory, ".");
    },
  },
  {
    finds: "federation-wrong-port",
    set: "records with other ports",
    says: /sends other servers to port 6000, where this service has no STARTTLS port for servers \(it has: 5269\)/,
    fix: "Correct the port",
    also: ["federation-wrong-port"],
    async break(laboratory) {
      await federates(laboratory);
      leadTo(laboratory, alias, 6000);
    },
  },
  {
    finds: "federation-target-unknown",
    set: "a record that leads nowhere",
    says: /sends other servers to gone\.obspm\.example, which has no address/,
    fix: "dig +short gone.obspm.example",
    async break(laboratory) {
      await federates(laboratory);
      leadTo(laboratory, "gone.obspm.example");
    },
  },
  {
    finds: "federation-target-elsewhere",
    set: "a record that leads to the old server",
    says: /old\.obspm\.example \(198\.51\.100\.9\), which is not this machine/,
    fix: "dig +short old.obspm.example",
    async break(laboratory) {
      await federates(laboratory);
      laboratory.zone.addresses["old.obspm.example"] = ["198.51.100.9"];
      leadTo(laboratory, "old.obspm.example");
    },
  },
  {
    finds: "federation-rooms-certificate",
    set: "a certificate without the names of rooms",
    says: /does not name conference\.obspm\.example, conference\.jabber\.obspm\.example:/,
    fix: "-d conference.obspm.example",
    async break(laboratory) {
      await federates(laboratory);
      laboratory.certify(await laboratory.intermediate.issue({ names: faces }));
    },
  },
  {
    finds: "federation-not-reached",
    set: "a firewall before port 5269",
    says: /cannot reach itself as obspm\.example in the way that other servers do: connect ETIMEDOUT/,
    fix: "federation explain obspm.example --config",
    async break(laboratory) {
      await federates(laboratory);
      const failure = { step: "connection", condition: "remote-server-timeout", why: "connect ETIMEDOUT" };
      laboratory.explanations = { [domain]: fails(domain, failure, []) };
    },
  },
  wayFault(
    "federation-refused",
    "policy",
    { says: /nothing is exchanged with partner/, fix: "s2s.policy" },
    { early: true },
  ),
  wayFault(
    "federation-not-found",
    "dns",
    { says: /no messaging service that the DNS knows of/, fix: "Check the spelling" },
    { early: true, condition: "remote-server-not-found" },
  ),
  wayFault(
    "federation-address-refused",
    "dns",
    { says: /does not go where partner\.example should be/, fix: "s2s.addresses" },
    {
      early: true,
      condition: "remote-server-not-found",
      why: "127.0.0.1, where s2s.addresses (private) lets nobody go",
    },
  ),
  wayFault("federation-dns-failed", "dns", { says: /DNS gives no answer/, fix: "dns.servers" }, { early: true }),
  wayFault("federation-no-connection", "connection", {
    says: /does not answer at 198\.51\.100\.20:5269/,
    fix: "firewall",
  }),
  wayFault("federation-no-tls", "tls", {
    says: /No encryption with/,
    fix: "openssl s_client -connect 198.51.100.20:5269",
  }),
  wayFault(
    "federation-certificate-expired",
    "certificate",
    { says: /is not valid now/, fix: "s2s.domains" },
    { problem: "expired" },
  ),
  wayFault(
    "federation-certificate-other-name",
    "certificate",
    { says: /is not that of partner\.example/, fix: "s2s.domains" },
    { problem: "other-name" },
  ),
  wayFault(
    "federation-certificate-untrusted",
    "certificate",
    { says: /No authority that is known here/, fix: "authorities" },
    { problem: "untrusted" },
  ),
  wayFault("federation-not-believed", "authentication", {
    says: /does not believe that this is obspm\.example/,
    fix: `dig +short SRV ${plain}`,
  }),
  wayFault("federation-broken", "stream", { says: /ends the conversation/, fix: "operators" }),
];
