import { after } from "node:test";
import { transportConformance } from "#stream/transport.conformance.ts";
import { certificatesFor, type Join, joined, limits } from "./fixture.ts";

const { certificates, ca } = await certificatesFor({ after }, "example.com");

const ways: readonly (readonly [string, Join])[] = [
  ["tcp", { tls: "none" }],
  ["tcp, without the shared buffer", { tls: "none", listen: { sharedBuffer: false } }],
  ["tcp, over IPv6", { tls: "none", listen: { address: "::1" }, connect: { host: "::1" } }],
  ["tcp, IPv4 on a dual-stack listener", { tls: "none", listen: { address: "::" } }],
  ["tcp, STARTTLS", { tls: "starttls" }],
  ["tcp, STARTTLS, without the shared buffer", { tls: "starttls", listen: { sharedBuffer: false } }],
  ["tcp, STARTTLS, TLS 1.2", { tls: "starttls", connect: { tlsOptions: { maxVersion: "TLSv1.2" } } }],
  ["tcp, direct TLS", { tls: "direct" }],
];

for (const [name, join] of ways) {
  transportConformance(name, ({ unsentBytes = 16_000_000, graceMs = 5000 }) =>
    joined(certificates, ca, {
      ...join,
      listen: { ...join.listen, limits: { ...limits, unsentBytes }, graceMs },
      connect: { ...join.connect, unsentBytes, graceMs },
    }),
  );
}
