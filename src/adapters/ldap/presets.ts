import type { Attributes } from "./entry.ts";
import { type Rule, readRule } from "./rules.ts";
import type { LdapSettings } from "./settings.ts";

export type PresetName = "openldap" | "active-directory" | "389ds";

/** The fields of people that attributes fill. */
export type Field = Exclude<keyof LdapSettings["attributes"], "login">;

/** How a kind of directory names things. */
export interface Preset {
  readonly login: string;
  readonly userFilter: string;
  readonly fields: Readonly<Record<Field, readonly string[]>>;
  readonly disabled: readonly string[];
  readonly hidden: readonly string[];
  readonly groupFilter: string;
  readonly groupName: readonly string[];
  readonly members: readonly string[];
}

const common: Preset = {
  login: "uid",
  userFilter: "(objectClass=inetOrgPerson)",
  fields: {
    name: ["displayName", "cn"],
    "given-name": ["givenName"],
    "family-name": ["sn"],
    mail: ["mail"],
    aliases: ["mail", "mailLocalAddress", "mailAlternateAddress", "mailAlias"],
    phone: ["telephoneNumber"],
    mobile: ["mobile"],
    organisation: ["o"],
    unit: ["ou", "departmentNumber"],
    title: ["title"],
    room: ["roomNumber", "physicalDeliveryOfficeName"],
    photo: ["jpegPhoto"],
  },
  // A lock after wrong passwords has a time of its own and ends by itself: it must not close sessions, or anybody could
  // disconnect anybody. This value is the administrator's lock (draft-behera-ldap-password-policy §5.3.3).
  disabled: ["pwdAccountLockedTime=000001010000Z", "shadowExpire<now"],
  hidden: [],
  groupFilter: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
  groupName: ["displayName", "cn"],
  members: ["member", "uniqueMember", "memberUid"],
};

export const presets: Readonly<Record<PresetName, Preset>> = {
  openldap: common,
  "389ds": {
    ...common,
    disabled: ["nsAccountLock=TRUE", "krbPrincipalExpiration<now", "shadowExpire<now"],
  },
  "active-directory": {
    ...common,
    login: "sAMAccountName",
    userFilter: "(&(objectCategory=person)(objectClass=user))",
    fields: {
      ...common.fields,
      mail: ["mail"],
      aliases: ["mail", "proxyAddresses", "userPrincipalName"],
      organisation: ["company"],
      unit: ["department"],
      room: ["physicalDeliveryOfficeName"],
      photo: ["thumbnailPhoto", "jpegPhoto"],
    },
    disabled: ["userAccountControl&2", "accountExpires<now"],
    hidden: ["msExchHideFromAddressLists=TRUE"],
    groupFilter: "(objectClass=group)",
    members: ["member"],
  },
};

const activeDirectoryCapability = "1.2.840.113556.1.4.800"; // MS-ADTS §3.1.1.3.4.3

/** What the root DSE (RFC 4512 §5.1) must be asked for. */
export const rootAttributes = [
  "namingContexts",
  "defaultNamingContext",
  "vendorName",
  "vendorVersion",
  "supportedCapabilities",
  "objectClass",
];

/** Which kind of directory this is; what is not known is taken for OpenLDAP, whose names are those of the RFCs. */
export function recognise(root: Attributes): PresetName {
  if (root.all("supportedCapabilities").includes(activeDirectoryCapability)) return "active-directory";
  return /389|red ?hat|fedora/i.test(root.first("vendorName") ?? "") ? "389ds" : "openldap";
}

/** The base of the directory: what the server says is the default, else the context that fits the domain best. */
export function baseOf(root: Attributes, domain: string): string | undefined {
  const named = root.first("defaultNamingContext");
  if (named !== undefined) return named;
  const contexts = root
    .all("namingContexts")
    .filter((context) => !/^(?:$|cn=|o=ipaca$|o=netscaperoot$)/i.test(context));
  const wanted = domain.split(".").map((label) => `dc=${label}`);
  const fitting = wanted.map((_, index) => wanted.slice(index).join(",").toLowerCase());
  const plain = (context: string) => context.toLowerCase().replaceAll(", ", ",");
  return contexts.find((context) => fitting.includes(plain(context))) ?? contexts[0];
}

/** All that must be known to read a directory: settings, completed by the preset and the root DSE. */
export interface Layout {
  readonly preset: PresetName;
  readonly userBase: string;
  readonly userFilter: string;
  /** With `{user}`; empty: people are searched for. */
  readonly userDn: string;
  readonly login: string;
  readonly fields: Readonly<Record<Field, readonly string[]>>;
  readonly disabled: readonly Rule[];
  readonly hidden: readonly Rule[];
  /** Where addresses must be for their local parts to lead to a person; empty: anywhere. */
  readonly mailDomains: readonly string[];
  readonly groupBase: string;
  readonly groupFilter: string;
  readonly groupName: readonly string[];
  readonly members: readonly string[];
  readonly nested: boolean;
}

/** Completes the settings; undefined if neither they nor the server name a base. */
export function layoutOf(settings: LdapSettings, root: Attributes, domain: string): Layout | undefined {
  const name = settings.preset === "auto" ? recognise(root) : settings.preset;
  const preset = presets[name];
  const base = settings.base || baseOf(root, domain);
  if (base === undefined && (settings.users.base === "" || settings.groups.base === "")) return undefined;
  const { login, ...chosen } = settings.attributes;
  const fields = Object.entries(preset.fields).map(([field, names]) => {
    const own = chosen[field as Field];
    return [field, own.length > 0 ? own : names];
  });
  const read = (rules: readonly string[]) => rules.map((rule) => readRule(rule)).filter((rule) => rule !== undefined);
  return {
    preset: name,
    userBase: settings.users.base || (base ?? ""),
    userFilter: settings.users.filter || preset.userFilter,
    userDn: settings.users.dn,
    login: login || preset.login,
    fields: Object.fromEntries(fields) as Layout["fields"],
    disabled: read([...preset.disabled, ...settings.disabled]),
    hidden: read([...preset.hidden, ...settings.hidden]),
    mailDomains: settings["mail-domains"],
    groupBase: settings.groups.base || (base ?? ""),
    groupFilter: settings.groups.filter || preset.groupFilter,
    groupName: settings.groups.name.length > 0 ? settings.groups.name : preset.groupName,
    members: settings.groups.members.length > 0 ? settings.groups.members : preset.members,
    nested: settings.groups.nested,
  };
}
