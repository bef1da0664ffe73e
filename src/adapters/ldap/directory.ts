import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { PasswordPolicyControl, PasswordPolicyError, ResultCodeError, type SearchOptions } from "ldapts";
import type { Logger } from "#core/log.ts";
import { DirectoryError } from "#core/people.ts";
import { SettingsError } from "#core/settings.ts";
import { type BindOutcome, outcomeOf } from "./bind-outcome.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { dial, type Endpoint, readEndpoint } from "./dial.ts";
import { type Attributes, attributesOf } from "./entry.ts";
import { Pool } from "./pool.ts";
import { type Layout, layoutOf, rootAttributes } from "./presets.ts";
import { Servers } from "./servers.ts";
import type { LdapSettings } from "./settings.ts";

export interface DirectoryOptions {
  /** The domain whose people these are. */
  readonly domain: string;
  readonly log: Logger;
}

/** A search as `Directory` runs it; `base` and `filter` are complete. */
export interface Search extends Pick<SearchOptions, "scope" | "attributes" | "sizeLimit"> {
  readonly base: string;
  readonly filter: string;
  /** In pages, for what may be long. */
  readonly paged?: boolean;
  /** Attributes that are no text. */
  readonly binary?: string[];
}

const pageSize = 200;

/** The server gives no more entries than its limit (RFC 4511 §4.5.1.4), and says so. */
export class SizeLimitError extends DirectoryError {}

const loopback = /^(?:localhost|127\.[\d.]+|::1)$/;

/** sizeLimitExceeded, and adminLimitExceeded as 389 Directory Server says it. */
const limits: ReadonlySet<number> = new Set([4, 11]);

/** The servers of the directory as one: searches, checks of passwords, and how things are named there. */
export class Directory {
  readonly settings: LdapSettings;
  readonly #options: DirectoryOptions;
  readonly #connection: ConnectionOptions;
  readonly #bindPassword: string;
  readonly #servers: Servers;
  readonly #searches: Pool;
  readonly #binds: Pool;
  #layout: Layout | undefined;

  /** Reads the files that the settings name; opens nothing yet. @throws SettingsError */
  constructor(settings: LdapSettings, options: DirectoryOptions) {
    this.settings = settings;
    this.#options = options;
    const { timeout, "connect-timeout": connectTimeout, "start-tls": startTls } = settings;
    this.#bindPassword = readPassword(settings);
    const ca = settings.ca === undefined ? undefined : readText(settings.ca, "ldap.ca");
    this.#connection = { timeout, connectTimeout, startTls, ca };
    const endpoints = settings.url.map((url) => readEndpoint(url)!);
    if (endpoints.length === 0) throw new SettingsError("ldap.url: missing: where the directory is");
    for (const { url, host, secure } of endpoints) {
      if (!secure && !startTls && !loopback.test(host)) {
        options.log.warn("passwords travel to the directory in the clear: ldap.start-tls is off", { url });
      }
    }
    const openSearch = (endpoint: Endpoint) => this.#openSearch(endpoint);
    this.#servers = new Servers(endpoints, {
      log: options.log,
      probe: async (endpoint) => (await openSearch(endpoint)).close(),
    });
    const pool = { servers: this.#servers, size: settings.pool, wait: timeout };
    this.#searches = new Pool({ ...pool, open: openSearch });
    this.#binds = new Pool({ ...pool, open: (endpoint) => Connection.open(endpoint, this.#connection) });
  }

  /** How this directory names things; asked once. @throws DirectoryError */
  async layout(): Promise<Layout> {
    this.#layout ??= await this.#findLayout();
    return this.#layout;
  }

  /** What is found; nothing where the base does not exist. @throws DirectoryError */
  async search(search: Search): Promise<Attributes[]> {
    const { base, binary, paged, ...rest } = search;
    const options = {
      ...rest,
      ...(paged ? { paged: { pageSize } } : {}),
      ...(binary === undefined ? {} : { explicitBufferAttributes: binary }),
    };
    try {
      const entries = await this.#searches.use((connection) => connection.search(base, options));
      return entries.map(attributesOf);
    } catch (cause) {
      if (cause instanceof DirectoryError) throw cause;
      if (cause instanceof ResultCodeError && cause.code === 32 && search.scope === "base") return [];
      const text = `the directory refuses a search: ${textOf(cause)}`;
      if (cause instanceof ResultCodeError && limits.has(cause.code)) throw new SizeLimitError(text, { cause });
      throw new DirectoryError(text, { cause });
    }
  }

  /**
   * Checks a password by a bind on a connection of its own. An empty one is refused here, since servers take such a
   * bind for an anonymous one and let it succeed (RFC 4513 §5.1.2). With `own`, the right person's entry is read as
   * that person. @throws DirectoryError
   */
  async check(dn: string, password: string, own?: Omit<Search, "base">): Promise<Checked> {
    if (password === "" || dn === "") return { outcome: "wrong" };
    return this.#binds.use(async (connection) => {
      const policy = new PasswordPolicyControl();
      try {
        await connection.bind(dn, password, [policy]);
      } catch (cause) {
        if (!(cause instanceof ResultCodeError)) throw cause;
        const outcome = outcomeOf(cause, policy.value?.error);
        return outcome === "refused" ? { outcome, reason: cause.message } : { outcome };
      }
      // Nothing but changing the password is allowed after such a bind.
      if (policy.value?.error === PasswordPolicyError.ChangeAfterReset) return { outcome: "expired" };
      if (own === undefined) return { outcome: "right" };
      return { outcome: "right", entries: await readOwn(connection, dn, own) };
    });
  }

  close(): void {
    this.#servers.close();
    this.#searches.close();
    this.#binds.close();
  }

  /** Opens a connection to one server as every connection is opened, for examinations. */
  dial(endpoint: Endpoint): Promise<Socket> {
    return dial(endpoint, { ...this.#connection, timeout: this.#connection.connectTimeout });
  }

  /** Logs the account that searches in to one server, for examinations. @throws DirectoryError */
  async logIn(endpoint: Endpoint): Promise<void> {
    (await this.#openSearch(endpoint)).close();
  }

  async #openSearch(endpoint: Endpoint): Promise<Connection> {
    const connection = await Connection.open(endpoint, this.#connection);
    const dn = this.settings["bind-dn"];
    if (dn === "") return connection;
    try {
      await connection.bind(dn, this.#bindPassword);
      return connection;
    } catch (cause) {
      connection.close();
      if (cause instanceof DirectoryError) throw cause;
      this.#options.log.error("the directory refuses the account that searches", {
        url: endpoint.url,
        dn,
        reason: textOf(cause),
      });
      throw new DirectoryError(`${endpoint.url} refuses ${dn}: ${textOf(cause)}`, { cause });
    }
  }

  async #findLayout(): Promise<Layout> {
    const root = await this.root();
    const layout = layoutOf(this.settings, root, this.#options.domain);
    if (layout === undefined) throw new DirectoryError("the directory names no base: ldap.base must be set");
    const complete = await this.#narrowed(layout);
    const { preset, userBase, login } = complete;
    this.#options.log.info("the directory is read", { preset, base: userBase, login });
    return complete;
  }

  /** FreeIPA keeps a second picture of everybody, and deleted people, beside the accounts. */
  async #narrowed(layout: Layout): Promise<Layout> {
    if (layout.preset !== "389ds") return layout;
    const accounts = async (base: string, own: string) => {
      if (own !== "" || this.settings.base !== "") return base;
      const inner = `cn=accounts,${base}`;
      const found = await this.search({ base: inner, scope: "base", filter: "(objectClass=*)", attributes: ["1.1"] });
      return found.length > 0 ? inner : base;
    };
    const { users, groups } = this.settings;
    const userBase = await accounts(layout.userBase, users.base);
    return { ...layout, userBase, groupBase: await accounts(layout.groupBase, groups.base) };
  }

  /** The root DSE (RFC 4512 §5.1). @throws DirectoryError */
  async root(): Promise<Attributes> {
    const search: Search = { base: "", scope: "base", filter: "(objectClass=*)", attributes: rootAttributes };
    const [root] = await this.search(search);
    if (root === undefined) throw new DirectoryError("the directory shows no root DSE");
    return root;
  }
}

/** What a check found; `entries` where they were asked for and the password is right. */
export interface Checked {
  readonly outcome: BindOutcome;
  /** Why the server would not try; for the log. */
  readonly reason?: string;
  readonly entries?: readonly Attributes[];
}

/** Nothing where people may not read their own entry. */
async function readOwn(connection: Connection, dn: string, search: Omit<Search, "base">): Promise<Attributes[]> {
  try {
    return (await connection.search(dn, { ...search, scope: "base" })).map(attributesOf);
  } catch (cause) {
    if (cause instanceof ResultCodeError) return [];
    throw cause;
  }
}

function readPassword(settings: LdapSettings): string {
  const { "bind-dn": dn, "bind-password-file": file, "bind-password-variable": variable } = settings;
  if (dn === "") return "";
  if (file !== undefined) {
    const password = readText(file, "ldap.bind-password-file").replace(/\r?\n$/, "");
    if (password === "") throw new SettingsError(`ldap.bind-password-file: the file is empty: ${file}`);
    return password;
  }
  if (variable === undefined) {
    throw new SettingsError(
      "ldap.bind-dn: its password is missing: ldap.bind-password-file or ldap.bind-password-variable",
    );
  }
  const password = process.env[variable];
  if (!password) throw new SettingsError(`ldap.bind-password-variable: the variable ${variable} is not set`);
  return password;
}

function readText(file: string, path: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new SettingsError(`${path}: cannot be read: ${file} (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
