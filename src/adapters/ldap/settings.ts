import { z } from "zod";
import { choice, count, duration, flag, section, size } from "#core/settings.ts";
import { readEndpoint } from "./dial.ts";
import { readRule } from "./rules.ts";

const text = (doc: string) => z.string().default("").describe(doc);
const attributes = (doc: string) => z.array(z.string().min(1)).default([]).describe(doc);

const url = z.string().refine((value) => readEndpoint(value) !== undefined, {
  message: "expected ldaps://host, ldap://host or either with :port",
});

const rules = (doc: string) =>
  z
    .array(
      z.string().refine((value) => readRule(value) !== undefined, {
        message: "expected attribute=value, attribute=*, attribute&bit or attribute<now",
      }),
    )
    .default([])
    .describe(doc);

const users = section({
  base: text("Where people are, such as `ou=people,dc=example,dc=org`. Empty: the base of the directory."),
  filter: text("Which entries are people, as an LDAP filter (RFC 4515). Empty: what the preset says."),
  dn: text(
    "The distinguished name of a person, with `{user}` for the login, such as `uid={user},ou=people,dc=example,dc=org`. " +
      "With it, a login needs no search, and no account for searching. Empty: the entry is searched for.",
  ),
});

const attributeNames = section({
  login: text("The attribute that holds the login."),
  name: attributes("The name to show; the first attribute that an entry has counts, as in the lists below."),
  "given-name": attributes("First names."),
  "family-name": attributes("Family names."),
  mail: attributes("E-mail addresses, the main one first."),
  aliases: attributes("All e-mail addresses under which a person can be reached."),
  phone: attributes("Telephone at work."),
  mobile: attributes("Mobile telephone."),
  organisation: attributes("The institution."),
  unit: attributes("The unit or department."),
  title: attributes("The position."),
  room: attributes("The room or office."),
  photo: attributes("A photo in JPEG or PNG."),
});

const groups = section({
  base: text("Where groups are. Empty: the base of the directory."),
  filter: text("Which entries are groups, as an LDAP filter. Empty: what the preset says."),
  name: attributes("The name to show. Empty: what the preset says."),
  members: attributes(
    "The attributes that name members: by distinguished name or by login. Empty: what the preset says.",
  ),
  nested: flag(true, "Whether the members of a group within a group belong to the outer one too."),
});

/** The section `ldap`: where the institution's directory is and how it is read. */
export const ldapSection = section({
  url: z
    .union([url.transform((one) => [one]), z.array(url)])
    .prefault([])
    .describe(
      "The directory, such as `ldaps://ldap.example.org`; several servers with the same content as a list. Where one " +
        "does not answer, another is asked.",
    ),
  "start-tls": flag(
    true,
    "Whether connections to `ldap://` are made secure before anything else. Without it passwords travel in the clear.",
  ),
  ca: z
    .string()
    .optional()
    .describe(
      "File with the certificates (PEM) of the only authorities that are trusted. Without it: those of the system.",
    ),
  "bind-dn": text("The account that searches, as a distinguished name. Empty: searches are anonymous."),
  "bind-password-file": z
    .string()
    .optional()
    .describe("File with that account's password, readable by the server only."),
  "bind-password-variable": z
    .string()
    .optional()
    .describe("Environment variable with that account's password, instead of a file."),
  preset: choice(
    ["auto", "openldap", "active-directory", "389ds"],
    "auto",
    "How the directory names things: `auto` finds out by itself; `389ds` is for FreeIPA too.",
  ),
  base: text("The base of the directory. Empty: the one that the server names."),
  users: users.describe("Where people are, and which entries are people."),
  attributes: attributeNames.describe("Attributes of people. What is empty is as the preset says."),
  disabled: rules(
    "Who may not log in, besides what the preset knows: `attribute=value`, `attribute=*` (it is there), `attribute&2` (a " +
      "bit of a number), `attribute<now` (a date that has passed).",
  ),
  hidden: rules("Who is not found by search, written in the same way."),
  groups: groups.describe("Where groups are, and who is in them."),
  "login-by-mail": flag(
    false,
    "Whether people may log in with their e-mail address or its local part (`Pierre.Martin`) instead of their login. " +
      "Where it is off, they are told how a login looks.",
  ),
  "mail-domains": z
    .array(z.string().toLowerCase())
    .default([])
    .describe("Only e-mail addresses at these domains lead to a person by their local part. Empty: all."),
  "sync-interval": duration("5 minutes", "How often the directory is read for changes."),
  "vanish-limit": z
    .int()
    .min(1)
    .max(100)
    .default(20)
    .describe(
      "If more than this part of all people (in percent) disappear at once, nobody is logged out until the next reading " +
        "says the same.",
    ),
  timeout: duration("5 s", "How long the directory may take to answer."),
  "connect-timeout": duration("3 s", "How long a connection to the directory may take."),
  pool: count(8, "Connections for searches, and as many for checking passwords.").refine((value) => value > 0, {
    message: "at least one connection is needed",
  }),
  "photo-limit": size("256 KiB", "Photos that are larger are not shown."),
  verifier: flag(
    false,
    "Whether people can log in while the directory is down. After a login, a hash of the password (SCRAM) is kept in the " +
      "database, and used only while no directory server answers.",
  ),
  "verifier-lifetime": duration("12 hours", "How long after a login such a hash may be used."),
});

export type LdapSettings = z.output<typeof ldapSection>;
