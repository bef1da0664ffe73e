import { z } from "zod";
import { count, duration, section, size } from "#core/settings.ts";
import { Jid, JidError } from "#jid/jid.ts";

const domainName = z.string().transform((text, context) => {
  try {
    const jid = Jid.parse(text);
    if (jid.isDomain) return jid.domain;
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
  }
  context.addIssue({ code: "custom", message: `not a domain name: ${text}` });
  return z.NEVER;
});

const component = z
  .strictObject({
    domain: domainName.describe("The domain whose addresses the component serves; it may say anything in their name."),
    secret: z
      .string()
      .min(12, "must have 12 characters at least")
      .optional()
      .describe("What the component proves to know; 12 characters at least, better 40 random ones."),
    "secret-file": z
      .string()
      .startsWith("/", "must be an absolute path")
      .optional()
      .describe("File with the secret instead, so that it is not in the configuration; an absolute path."),
    name: z.string().min(1).optional().describe("For people, in the list of services; default: the domain."),
  })
  .refine((one) => (one.secret === undefined) !== (one["secret-file"] === undefined), {
    message: "needs either secret or secret-file",
  });

export const settings = section({
  components: z.array(component).default([]).describe("The components that may connect. Without any, nothing listens."),
  address: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe(
      "Address to listen at. The connection is not encrypted: leave it on this machine, or on a network that only servers use.",
    ),
  port: z.int().min(0).max(65535).default(5347).describe("TCP port; 0 lets the system choose one."),
  "stanza-size": size("512 KiB", "The largest stanza of a component."),
  rate: size(
    "1 MiB",
    "Bytes a second that a component may send in the long run; faster ones are read more slowly. 0 B: no limit.",
  ),
  burst: size("4 MiB", "Bytes that a component may send at once before `rate` holds."),
  queue: size("4 MiB", "What may wait for a component that reads slowly; beyond, senders are told to try later."),
  stall: duration("1 minute", "How long a component may leave its queue full before its connection is cut."),
  "login-time": duration("10 s", "How long a connection may take to prove the secret."),
  connections: count(100, "Connections open at the same time."),
});

export type ComponentSettings = z.output<typeof settings>;
export type Component = ComponentSettings["components"][number];
