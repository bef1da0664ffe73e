import { z } from "zod";
import { choice, count, duration, flag, read, section, size } from "#core/settings.ts";
import { addressUses } from "./addresses.ts";
import { domainOf } from "./pair.ts";

/** How far dialback may stand in for a certificate (docs/adr/0015). */
export const dialbackUses = ["allowed", "certified", "never"] as const;
export type DialbackUse = (typeof dialbackUses)[number];

const domain = z.string().transform((text, context) => {
  const name = domainOf(text);
  if (name !== undefined) return name;
  context.addIssue({ code: "custom", message: `not a domain name: ${text}` });
  return z.NEVER;
});
const domains = (doc: string) => z.array(domain).default([]).describe(doc);
const groupNames = (doc: string) => z.array(z.string().min(1)).default([]).describe(doc);

const override = z.strictObject({
  policy: z.enum(["allow", "block"]).optional().describe("Instead of what `policy`, `allow` and `block` say."),
  dialback: z.enum(dialbackUses).optional().describe("Instead of `dialback`."),
  encryption: z.enum(["required", "optional"]).optional().describe("Instead of `encryption`."),
});

export const settings = section({
  policy: choice(
    ["open", "allow", "closed"],
    "open",
    "With whom messages are exchanged: with every domain (`open`), with those of the list `allow`, or with none (`closed`).",
  ),
  allow: domains("Domains to talk to where `policy` is `allow`; each stands for its subdomains, too."),
  block: domains("Domains never to talk to; each stands for its subdomains, too."),
  groups: section({
    may: groupNames("Groups of the directory whose members may talk to other servers; none: everybody."),
    "may-not": groupNames("Groups of the directory whose members may not."),
  }).describe("Who may talk to other servers. Rooms are not concerned."),
  encryption: choice(
    ["required", "optional"],
    "required",
    "Whether connections to and from other servers must use TLS. A server without it has no certificate to show: it is talked to only where `dialback` is `allowed`, too.",
  ),
  dialback: choice(
    dialbackUses,
    "certified",
    "Whether a server without a client certificate may prove its domain by dialback (XEP-0220): `certified` only if the server that is asked back shows a trusted certificate, `allowed` always (as safe as DNS), `never`: client certificates only.",
  ),
  domains: z
    .record(
      z.string().refine((text) => domainOf(text) !== undefined, "not a domain name"),
      override,
    )
    .default({})
    .describe("What is different for single domains (not for their subdomains), by domain name."),
  addresses: choice(
    addressUses,
    "private",
    "Where other servers may be, by their addresses in the DNS: on the Internet only (`public`), in internal networks, too (`private`), or even on this machine and its link (`any`).",
  ),
  bidirectional: flag(true, "Whether one connection may carry both directions (XEP-0288)."),
  "stanza-size": size("512 KiB", "The largest stanza of another server; announced to it (XEP-0478)."),
  rate: size(
    "256 KiB",
    "Bytes a second that one domain may send in the long run, over all its connections; more is read more slowly. 0 B: no limit.",
  ),
  burst: size("4 MiB", "Bytes that one domain may send at once before `rate` holds."),
  "streams-per-address": count(
    100,
    "Connections from one address at the same time (an IPv6 address counts as its /64 network).",
  ),
  "streams-per-domain": count(20, "Authenticated connections from one domain at the same time."),
  "handshake-time": duration("20 s", "How long a connection may take until it is authenticated."),
  "connect-time": duration("15 s", "How long it may take to reach another server, all its addresses together."),
  queue: section({
    stanzas: count(500, "Stanzas that may wait for the way to one domain."),
    size: size("2 MiB", "Their size together."),
    total: size("128 MiB", "The size of what may wait for all domains together."),
    time: duration("45 s", "How long they wait at most while a lost connection is made anew."),
  }).describe("What waits for a connection to one domain."),
  "back-off": section({
    shortest: duration(
      "5 s",
      "How long a domain that cannot be reached is not tried again; doubled after each failure.",
    ),
    longest: duration("5 minutes", "The longest such time."),
  }).describe("How often a domain that cannot be reached is tried."),
  idle: duration("15 minutes", "Connections that carry nothing for so long are closed."),
  "keep-alive": duration("2 minutes", "How often a silent connection is tried, so that a broken one is noticed."),
  "answer-time": duration("30 s", "How long another server may take to acknowledge what it was sent (XEP-0198)."),
});

export type S2sSettings = ReturnType<(typeof settings)["parse"]>;

/**
 * Domains that the section of the configuration names as correspondents; undefined where nothing is exchanged with any
 * other server.
 */
export function correspondents(section: unknown): readonly string[] | undefined {
  const { policy, allow, domains: single } = read(settings, section, "s2s");
  const named = Object.entries(single).flatMap(([name, one]) => (one.policy === "allow" ? [name] : []));
  if (policy === "closed" && named.length === 0) return undefined;
  return [...new Set([...(policy === "allow" ? allow : []), ...named])];
}
