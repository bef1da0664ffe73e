import { existsSync } from "node:fs";
import { join } from "node:path";
import { features, serverFeatures } from "#features/index.ts";
import { type Configuration, readConfiguration } from "../configuration.ts";
import { installation } from "../version.ts";

/** Options of every command. */
export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
}

export interface StartOptions extends CommonOptions {
  readonly port?: number;
  readonly demo?: boolean;
  readonly guide?: boolean;
}

/** Everything that may have a section in the configuration file. */
export const configured = [...features, ...serverFeatures];

/**
 * The configuration that the options mean: the file given, else `parloir.yaml` of the installation, else defaults.
 * @throws SettingsError
 */
export function configurationOf(options: CommonOptions & { readonly port?: number }): Configuration {
  const usual = join(installation, "parloir.yaml");
  const file = options.config ?? (existsSync(usual) ? usual : undefined);
  return readConfiguration(file, configured, { folder: installation, ...options });
}

/** The options as they must be repeated for other commands to mean the same installation. */
export function repeated({ config, data }: CommonOptions): string {
  return [
    config === undefined ? "" : ` --config ${quote(config)}`,
    data === undefined ? "" : ` --data ${quote(data)}`,
  ].join("");
}

function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
