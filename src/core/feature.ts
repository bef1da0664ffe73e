import type { Text } from "#stanza/text.ts";
import type { Host, Server } from "./host.ts";
import type { Section } from "./settings.ts";

export interface Xep {
  readonly number: number;
  readonly version: string;
  /** What is not covered, or how. */
  readonly note?: string;
}

interface Declared<Settings> {
  /** Its folder's name. */
  readonly name: string;
  readonly xeps: readonly Xep[];
  /** Its section of the configuration file; the key is the feature's name unless `section` says otherwise. */
  readonly settings?: Section<Settings>;
  /** Steps of its schema, append-only. */
  readonly migrations?: readonly string[];
}

/** The host of a service: `conference.example.com` beside `example.com`. */
export interface Service {
  /** What stands before the domain. */
  readonly prefix: string;
  /** For people, in lists of services. */
  readonly name: Text;
}

/** A capability of a host. Everything it registers through its host is undone when it is stopped. */
export interface Feature<Settings = undefined, Api = void> extends Declared<Settings> {
  /** On which hosts: those with accounts (default), those of services (rooms and the like), or both. */
  readonly where?: "accounts" | "service" | "everywhere";
  /** Has a host of its own beside each domain with accounts, and is set up on that one only. */
  readonly service?: Service;
  setup(host: Host, settings: Settings): Api | Promise<Api>;
}

/** A domain that a feature serves beside those of `domains`, and the key of its section that says so. */
export interface Claim {
  readonly domain: string;
  readonly path: readonly (string | number)[];
}

/** A capability that is there once, whatever the hosts: it accepts transports. */
export interface ServerFeature<Settings = undefined> extends Declared<Settings> {
  /** Domains that its settings make it serve: the configuration refuses those which somebody else serves. */
  claims?(settings: Settings): readonly Claim[];
  // biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to undo
  setup(server: Server, settings: Settings): Stop | void | Promise<Stop | void>;
}

/** Ends what a server feature has open. */
export type Stop = () => void | Promise<void>;
