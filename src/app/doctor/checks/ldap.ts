import { isIP } from "node:net";
import { FilterParser } from "ldapts";
import { readEndpoint } from "#adapters/ldap/dial.ts";
import { Directory } from "#adapters/ldap/directory.ts";
import { examine, type Step } from "#adapters/ldap/examine.ts";
import { all, equals } from "#adapters/ldap/filter.ts";
import { located } from "#adapters/ldap/location.ts";
import { presets } from "#adapters/ldap/presets.ts";
import type { LdapSettings } from "#adapters/ldap/settings.ts";
import { silent } from "#core/log.ts";
import { SettingsError } from "#core/settings.ts";
import { unescapeLocal } from "#jid/escaping.ts";
import type { Check, Context, DirectoryToCheck } from "../check.ts";
import { type Facts, type Finding, found, type Kind, quote } from "../finding.ts";
import { ldapKinds as kinds } from "./ldap-kinds.ts";

/** The directory of accounts, step by step, as the service would use it. */
export const ldapCheck: Check = {
  name: "ldap",
  title: { en: "Directory (LDAP)", fr: "Annuaire (LDAP)" },
  kinds: Object.values(kinds),
  async run(context) {
    const { directory, login } = context;
    if (directory === undefined) return [];
    const { settings, domain, folder } = directory;
    const invalid = [
      ...invalidFilter("ldap.users.filter", settings.users.filter),
      ...invalidFilter("ldap.groups.filter", settings.groups.filter),
    ];
    if (invalid.length > 0) return invalid;
    try {
      new Directory(located(settings, folder), { domain, log: silent }).close(); // reads the files that are named
      const steps = await examine(settings, { domain, folder, ...(login === undefined ? {} : { login }) });
      return [...unencrypted(settings), ...servers(directory, steps), ...content(context, directory, steps)];
    } catch (error) {
      if (error instanceof SettingsError) return [found(kinds.settings, { reason: error.message })];
      throw error;
    }
  },
};

function invalidFilter(path: string, filter: string): Finding[] {
  try {
    if (filter !== "") FilterParser.parseString(filter);
    return [];
  } catch (error) {
    return [found(kinds.filter, { path, filter, reason: (error as Error).message.replace(/\. Full string:.*$/, "") })];
  }
}

function unencrypted(settings: LdapSettings): Finding[] {
  if (settings["start-tls"]) return [];
  const open = settings.url.filter((url) => {
    const { secure, host } = readEndpoint(url)!;
    return !secure && !/^(?:127\.|::1$|localhost$)/.test(host);
  });
  return open.map((url) => found(kinds.clear, { url }));
}

/** What is wrong with each server; where another one can be used, no more than a warning. */
function servers(directory: DirectoryToCheck, steps: readonly Step[]): Finding[] {
  const failed = steps.filter(({ url, ok }) => url !== undefined && !ok);
  const usable = failed.length < directory.settings.url.length;
  return failed.map((step) => {
    const { url, host, port, secure } = readEndpoint(step.url!)!;
    const facts = {
      url,
      host,
      port,
      reason: step.reason ?? "",
      dn: directory.settings["bind-dn"],
      environment: environmentOf(directory),
    };
    if (usable) return found(kinds.oneDown, { ...facts, options: searchOptions(directory, url) });
    const kind = serverKind(step);
    const tls = [kinds.tls, kinds.tlsExpired, kinds.tlsName, kinds.tlsUntrusted].some((one) => one.id === kind.id);
    const name = isIP(host) === 0 ? `-servername ${quote(host)}` : "";
    const options = tls ? [name, secure ? "" : "-starttls ldap"].filter((word) => word !== "").join(" ") : undefined;
    return found(kind, { ...facts, options: options ?? searchOptions(directory, url) });
  });
}

const untrusted = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/;

function serverKind({ name, code = "", reason = "" }: Step): Kind {
  if (name === "connection") {
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") return kinds.nameUnknown;
    return code === "ECONNREFUSED" ? kinds.refused : kinds.unreachable;
  }
  if (name === "account") return code === "49" ? kinds.accountRefused : kinds.account;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return kinds.tlsName;
  if (code === "CERT_HAS_EXPIRED") return kinds.tlsExpired;
  if (untrusted.test(code)) return kinds.tlsUntrusted;
  return /StartTLS/.test(reason) ? kinds.noStartTls : kinds.tls;
}

/** What is wrong with what the directory holds. */
function content({ login }: Context, directory: DirectoryToCheck, steps: readonly Step[]): Finding[] {
  const { settings } = directory;
  const url = steps.findLast((step) => step.name === "account" && step.ok)?.url;
  const layout = steps.find(({ name }) => name === "layout");
  if (url === undefined || layout === undefined) return [];
  const options = searchOptions(directory, url);
  const environment = environmentOf(directory);
  if (!layout.ok) return [found(kinds.layout, { reason: layout.reason ?? "", options, environment })];
  const preset = presets[layout.preset ?? "openldap"];
  const filter = settings.users.filter || preset.userFilter;
  const attribute = settings.attributes.login || preset.login;
  const facts = { url, options, environment, base: layout.base ?? "", filter, attribute };
  const own =
    login === undefined ? facts : { ...facts, filter: all(filter, equals(attribute, unescapeLocal(login.user))) };
  return [...people(settings, steps, facts), ...(login === undefined ? [] : person(login.user, steps, own))];
}

function people(settings: LdapSettings, steps: readonly Step[], facts: Facts): Finding[] {
  const step = steps.find(({ name }) => name === "people");
  if (step === undefined) return [];
  if (step.ok) {
    const { base } = settings.groups;
    return step.groups === 0 && base !== "" ? [found(kinds.noGroups, { ...facts, base })] : [];
  }
  if (step.people === 0) return [found(kinds.nobody, facts)];
  return [found(step.code === "32" ? kinds.baseMissing : kinds.search, { ...facts, reason: step.reason ?? "" })];
}

function person(user: string, steps: readonly Step[], own: Facts): Finding[] {
  const step = steps.find(({ name }) => name === "person");
  if (step === undefined) return [];
  const { entries = [], reason = "" } = step;
  const password = steps.find(({ name }) => name === "password");
  const facts = { ...own, user, count: entries.length, entries: entries.join("; ") };
  if (step.code === "disabled" || password?.code === "disabled") return [found(kinds.loginDisabled, facts)];
  if (!step.ok) {
    if (entries.length > 1) return [found(kinds.loginAmbiguous, facts)];
    if (/cannot be a login/.test(reason)) return [found(kinds.loginImpossible, facts)];
    return [found(kinds.loginUnknown, facts)];
  }
  if (password === undefined || password.ok) return [];
  if (password.code === "wrong") return [found(kinds.passwordWrong, facts)];
  if (password.code === "expired") return [found(kinds.passwordExpired, facts)];
  return [found(kinds.bindRefused, { ...facts, reason: password.reason ?? "" })];
}

/** The options of ldapsearch and ldapwhoami that do what the service does, quoted. */
function searchOptions({ settings }: DirectoryToCheck, url: string): string {
  const { "bind-dn": dn, "start-tls": startTls } = settings;
  return [
    "-x",
    "-H",
    quote(url),
    ...(startTls && !readEndpoint(url)!.secure ? ["-ZZ"] : []),
    ...(dn === "" ? [] : ["-D", quote(dn), "-W"]),
  ].join(" ");
}

/** What these commands need before their name, to trust the same authorities. */
function environmentOf({ settings, folder }: DirectoryToCheck): string {
  const { ca } = located(settings, folder);
  return ca === undefined ? "" : `LDAPTLS_CACERT=${quote(ca)} `;
}
