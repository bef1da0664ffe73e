import type { Person } from "#core/people.ts";
import { escapeLocal, unescapeLocal } from "#jid/escaping.ts";
import { prepareUser } from "#sasl/prepare.ts";
import type { Attributes } from "./entry.ts";
import { equals } from "./filter.ts";
import { fold } from "./fold.ts";
import type { Field, Layout } from "./presets.ts";
import { fulfils } from "./rules.ts";

/** A person as read from the directory, with what is not for others to see. */
export interface Known {
  readonly dn: string;
  readonly person: Person;
  /** May not log in. */
  readonly disabled: boolean;
  /** The e-mail addresses, in lower case. */
  readonly addresses: readonly string[];
  /** The local parts of the addresses, folded. */
  readonly aliases: readonly string[];
  /** Changes whenever the entry does. */
  readonly stamp: string;
  /** All that others see, as one text, for comparison. */
  readonly shown: string;
  /** What search compares with, folded. */
  readonly folded: Folded;
}

export interface Folded {
  readonly name: string;
  readonly mail: string;
  readonly unit: string;
  readonly user: string;
}

const stamps = ["entryCSN", "whenChanged", "modifyTimestamp"];

/** What must be read of a person's entry; photos are not, since they are large. */
export function personAttributes(layout: Layout): string[] {
  const { photo: _, ...fields } = layout.fields;
  const rules = [...layout.disabled, ...layout.hidden].map((rule) => rule.attribute);
  return [...new Set([layout.login, ...Object.values(fields).flat(), ...rules, ...stamps])];
}

/** The filter that finds a login. */
export function loginFilter(layout: Layout, user: string): string {
  return equals(layout.login, unescapeLocal(user));
}

/** The login of an entry as a localpart; undefined if it has none that can be one. */
export function loginOf(entry: Attributes, layout: Layout): string | undefined {
  const values = entry.all(layout.login);
  // Where there are several, the one in the name of the entry is the login: the order of values means nothing.
  const named = values.length > 1 ? values.find((value) => isNamed(entry.dn, layout.login, value)) : undefined;
  const login = named ?? [...values].sort()[0];
  return login === undefined ? undefined : prepareUser(escapeLocal(login.trim()));
}

function isNamed(dn: string, attribute: string, value: string): boolean {
  return dn.toLowerCase().startsWith(`${attribute}=${value},`.toLowerCase());
}

/** Whether a name is of the form `Pierre.Martin`. */
export function isDotted(name: string): boolean {
  return /^\p{L}[\p{L}\p{M}\d'’-]*(?:\.[\p{L}\p{M}\d'’-]+)+$/u.test(name);
}

export function isDisabled(entry: Attributes, layout: Layout, now = Date.now()): boolean {
  return layout.disabled.some((rule) => fulfils(entry, rule, now));
}

/** Makes a person of an entry; undefined if it has no login. `photos`: the names of the entries that have one. */
export function knownOf(entry: Attributes, layout: Layout, photos: ReadonlySet<string>): Known | undefined {
  const user = loginOf(entry, layout);
  if (user === undefined) return undefined;
  const addresses = [...new Set(addressesOf(entry, layout.fields.aliases).map((address) => address.toLowerCase()))];
  const now = Date.now();
  const person = {
    ...personOf(entry, layout, user),
    hasPhoto: photos.has(entry.dn.toLowerCase()),
    hidden: layout.hidden.some((rule) => fulfils(entry, rule, now)),
  };
  return {
    dn: entry.dn,
    person,
    disabled: isDisabled(entry, layout, now),
    addresses,
    aliases: aliasesOf(addresses, layout.mailDomains),
    stamp: stamps.map((name) => entry.first(name)).find((value) => value !== undefined) ?? "",
    shown: JSON.stringify(person),
    folded: foldedOf(person),
  };
}

function foldedOf({ user, displayName, givenName, familyName, mail, unit }: Person): Folded {
  // One line per value, so that nothing is found across two of them.
  const lines = (...values: (string | undefined)[]) => values.map((value) => fold(value ?? "")).join("\n");
  return { name: lines(displayName, givenName, familyName), mail: lines(...mail), unit: lines(unit), user: fold(user) };
}

function aliasesOf(addresses: readonly string[], domains: readonly string[]): string[] {
  const local = addresses.flatMap((address) => {
    const at = address.lastIndexOf("@");
    return domains.length === 0 || domains.includes(address.slice(at + 1)) ? [fold(address.slice(0, at))] : [];
  });
  return [...new Set(local)];
}

function personOf(entry: Attributes, layout: Layout, user: string): Omit<Person, "hasPhoto" | "hidden"> {
  const first = (field: Field) => {
    for (const attribute of layout.fields[field]) {
      const value = entry.first(attribute)?.trim();
      if (value) return value;
    }
    return undefined;
  };
  const optional = {
    givenName: first("given-name"),
    familyName: first("family-name"),
    organisation: first("organisation"),
    unit: first("unit"),
    title: first("title"),
    room: first("room"),
  };
  const phones = (["phone", "mobile"] as const).flatMap((field) =>
    layout.fields[field]
      .flatMap((attribute) => entry.all(attribute))
      .map((number) => ({ kind: field === "phone" ? ("work" as const) : ("mobile" as const), number: number.trim() })),
  );
  const parts = [optional.givenName, optional.familyName].filter((part) => part !== undefined).join(" ");
  return {
    user,
    displayName: first("name") || parts || user,
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as typeof optional &
      Record<never, never>),
    mail: [...new Set(addressesOf(entry, layout.fields.mail))],
    phones: phones.filter(({ number }) => number !== ""),
  } as Omit<Person, "hasPhoto" | "hidden">;
}

/** E-mail addresses; those of proxyAddresses (Active Directory) have a prefix, the main one's in capitals. */
function addressesOf(entry: Attributes, attributes: readonly string[]): string[] {
  return attributes.flatMap((attribute) => {
    const values = entry.all(attribute).map((value) => value.trim());
    const own = values.map((value) => (/^[A-Za-z0-9]+:/.test(value) ? mailOf(value) : value));
    return own.filter((value) => value !== undefined).filter((value) => /^[^\s@]+@[^\s@]+$/.test(value));
  });
}

function mailOf(value: string): string | undefined {
  return /^smtp:/i.test(value) ? value.slice(5) : undefined;
}
