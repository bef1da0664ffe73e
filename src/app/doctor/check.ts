import type { LdapSettings } from "#adapters/ldap/settings.ts";
import type { Explanation } from "#core/federation.ts";
import type { Text } from "#stanza/text.ts";
import type { Status } from "../admin/status.ts";
import type { Configuration } from "../configuration.ts";
import type { Finding, Kind } from "./finding.ts";
import type { Resolver } from "./resolver.ts";
import type { System } from "./system.ts";

/** How the service is: `stuck` means that a process has the data folder but answers nothing. */
export type ServiceState =
  | { readonly state: "running"; readonly status: Status }
  | { readonly state: "stopped" | "stuck" | "forbidden" };

/** A directory of accounts, where one is configured. */
export interface DirectoryToCheck {
  readonly settings: LdapSettings;
  readonly domain: string;
  /** What file names in the settings are relative to. */
  readonly folder: string;
}

/** A person whose login is tried step by step. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What checks look at. */
export interface Context {
  readonly configuration: Configuration;
  readonly service: ServiceState;
  readonly directory?: DirectoryToCheck;
  readonly login?: Login;
  readonly system: System;
  readonly resolver: Resolver;
  /** Lets the service, where it runs, go the way to another domain, or to one of its own. */
  readonly explain?: (domain: string) => Promise<Explanation | undefined>;
  /** The options of the command line that name this installation, such as ` --config FILE`. */
  readonly options: string;
  /** How long one answer over the network may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** One thing that is looked at. It changes nothing, and finds nothing where all is well. */
export interface Check {
  readonly name: string;
  /** Above its findings. */
  readonly title: Text;
  /** All that it may find. */
  readonly kinds: readonly Kind[];
  run(context: Context): Promise<Finding[]>;
}
