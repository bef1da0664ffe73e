import { resolve } from "node:path";
import type { LdapSettings } from "./settings.ts";

/** The settings with the names of their files made absolute. */
export function located(settings: LdapSettings, folder = "."): LdapSettings {
  const { ca, "bind-password-file": file } = settings;
  return {
    ...settings,
    ...(ca === undefined ? {} : { ca: resolve(folder, ca) }),
    ...(file === undefined ? {} : { "bind-password-file": resolve(folder, file) }),
  };
}
