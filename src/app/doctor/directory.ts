import { dirname } from "node:path";
import { escapeLocal } from "#jid/escaping.ts";
import { prepareUser } from "#sasl/prepare.ts";
import type { Configuration } from "../configuration.ts";
import type { DirectoryToCheck } from "./check.ts";

/** The directory of accounts that a configuration names; undefined if there is none. */
export function directoryOf(configuration: Configuration): DirectoryToCheck | undefined {
  const { ldap: settings, domains, file } = configuration;
  if (settings.url.length === 0) return undefined;
  return { settings, domain: domains[0]!.name, folder: file === undefined ? "." : dirname(file) };
}

/** The login that is meant, as a localpart: without the domain, if that is one of ours; escaped where it must be. */
export function userOf({ domains }: Configuration, name: string): string {
  const at = name.lastIndexOf("@");
  const domain = name.slice(at + 1).toLowerCase();
  const ours = domains.some((one) => one.name === domain || one.aliases.includes(domain));
  const user = at > 0 && ours ? name.slice(0, at) : name;
  return prepareUser(user) ?? escapeLocal(user);
}
