import { isIP } from "node:net";
import { z } from "zod";
import { ldapSection } from "#adapters/ldap/settings.ts";
import { choice, count, duration, section, size } from "#core/settings.ts";
import { Jid } from "#jid/jid.ts";
import { httpSection } from "./http.ts";

const domainName = z
  .string()
  .transform((text, context) => {
    const name = readDomain(text);
    if (name !== undefined) return name;
    context.addIssue({ code: "custom", message: `not a domain name: ${text}` });
    return z.NEVER;
  })
  .describe("The part of addresses after the @: for romeo@example.com, `example.com`.");

function readDomain(text: string): string | undefined {
  const jid = Jid.tryParse(text);
  return jid?.isDomain ? jid.domain : undefined;
}

const domain = z.strictObject({
  name: domainName,
  certificate: z
    .string()
    .optional()
    .describe(
      "File with the certificate and its chain (PEM). Without it, a self-signed one is made in the data folder.",
    ),
  key: z.string().optional().describe("File with the certificate's private key (PEM)."),
  aliases: z
    .array(domainName)
    .default([])
    .describe(
      "Other names of the domain: an account is the same person under each, and everybody sees addresses in the form they use. The certificate should name them too.",
    ),
});

const dnsServer = z
  .string()
  .refine((text) => isDnsServer(text), "expected an address, such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53");

function isDnsServer(text: string): boolean {
  const [, bracketed, six, four, port = "53"] = /^(?:(\[(.+)\])|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed === undefined ? four : six;
  if (address === undefined) return isIP(text) === 6;
  return isIP(address) === (bracketed === undefined ? 4 : 6) && Number(port) > 0 && Number(port) < 65_536;
}

const listener = z.strictObject({
  protocol: choice(["c2s", "s2s"], "c2s", "What is spoken there: `c2s` is for clients, `s2s` for other servers."),
  port: z.int().min(0).max(65535).describe("TCP port; 0 lets the system choose one."),
  address: z
    .string()
    .default("::")
    .describe("Address to listen at. `::` is all of them, IPv6 and IPv4; where there is no IPv6 it becomes `0.0.0.0`."),
  tls: choice(
    ["starttls", "direct"],
    "starttls",
    "Whether the connection starts in the clear and is upgraded (`starttls`) or is TLS from its first byte (`direct`).",
  ),
});

/** The sections of the configuration file that belong to no feature. */
export const appSections = {
  ldap: ldapSection,
  domains: z
    .array(domain)
    .min(1)
    .default([{ name: "localhost", aliases: [] }])
    .describe("The domains whose accounts are here."),
  listen: z
    .array(listener)
    .min(1)
    .default([
      { protocol: "c2s", port: 5222, address: "::", tls: "starttls" },
      { protocol: "c2s", port: 5223, address: "::", tls: "direct" },
      { protocol: "s2s", port: 5269, address: "::", tls: "starttls" },
      { protocol: "s2s", port: 5270, address: "::", tls: "direct" },
    ])
    .describe("Where connections are accepted."),
  http: httpSection,
  data: z
    .string()
    .min(1)
    .default("data")
    .describe("Folder of the database and of certificates made here; relative to the configuration file."),
  log: section({
    level: choice(
      ["error", "warn", "info", "debug"],
      "info",
      "What is logged: `error` = somebody must act, `warn` = an operator should know, `info` = life cycle, `debug` = headers of stanzas. Bodies and passwords never are.",
    ),
    format: choice(
      ["lines", "json"],
      "lines",
      "Lines for people, or one JSON object a line for programs. Goes to standard error.",
    ),
  }),
  limits: section({
    connections: count(
      20_000,
      "Connections of clients open at the same time on each port; further ones are closed at once.",
    ),
    "connections-per-address": count(
      500,
      "Connections open at the same time on each port from one address (an IPv6 address counts as its /64 network). Raise it where many users share one address.",
    ),
    "server-connections": count(1000, "The same for ports that other servers connect to."),
    unsent: size("4 MiB", "What a client or another server may leave unread before its connection is closed."),
    "handshake-time": duration("10 s", "How long the TLS handshake may take."),
  }),
  authorities: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Files with certificates (PEM) of authorities that are trusted besides those of this machine, when other servers show theirs; an institution's own, for example.",
    ),
  dns: section({
    servers: z
      .array(dnsServer)
      .default([])
      .describe(
        "Addresses of the DNS servers to ask for other domains, with a port if it is not 53; none means those of this machine.",
      ),
    timeout: duration("4 s", "How long an answer may take; the question is asked twice in that time."),
  }),
  accounts: section({
    iterations: z
      .int()
      .min(4096)
      .max(1_000_000)
      .default(10_000)
      .describe("Rounds of the password hash (SCRAM, RFC 5802) for new passwords. More is safer and slower."),
  }),
} as const;

/** The whole file without features. */
export const appSchema = z.strictObject(appSections);
export type AppSettings = z.output<typeof appSchema>;
export type Domain = AppSettings["domains"][number];
export type Listener = AppSettings["listen"][number];
