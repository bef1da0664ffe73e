import { randomBytes } from "node:crypto";
import type { Logger } from "#core/log.ts";
import { DirectoryError } from "#core/people.ts";
import { unescapeLocal } from "#jid/escaping.ts";
import type { Authenticator, ScramHash } from "#sasl/authenticator.ts";
import { SaslError } from "#sasl/error.ts";
import { prepareUser } from "#sasl/prepare.ts";
import type { Checked, Directory, Search } from "./directory.ts";
import type { Attributes } from "./entry.ts";
import { all, escapeDnValue, fill } from "./filter.ts";
import { isDisabled, isDotted, loginFilter, loginOf, personAttributes } from "./person.ts";
import type { Layout } from "./presets.ts";
import { Recent } from "./recent.ts";
import { texts } from "./texts.ts";
import type { Verifiers } from "./verifiers.ts";

/** What is known of people without asking the directory. */
export interface Snapshot {
  /** Whether an account is there; undefined where nothing has been read yet. */
  has(user: string): boolean | undefined;
  /** Whether some logins have the form of the local part of an address, such as `pierre.martin`. */
  readonly dotted: boolean;
  /** Somebody logged in, so their account is one to watch over. */
  note(user: string): void;
  /** The login that an e-mail address, or its local part, belongs to; undefined if to nobody, or to several people. */
  owner(address: string): Promise<string | undefined>;
}

export interface LdapAccountsOptions {
  readonly directory: Directory;
  readonly snapshot: Snapshot;
  readonly log: Logger;
  /** Keeps logins working while the directory is down; undefined: it does not. */
  readonly verifiers?: Verifiers | undefined;
  /** Domains of whole addresses that people may write instead of their login, in lower case. */
  readonly domains?: readonly string[];
}

const knownMs = 60_000;
const unknownMs = 30_000;
const remembered = 20_000;
const maxLooking = 2;
const maxPasswordBytes = 1023;

/** An entry that is to be checked, or the reason why there is none. */
type Candidate = { readonly dn: string; readonly entry: Attributes | undefined } | undefined;

/**
 * Accounts of the institution's directory: a password is right if the directory lets the person's entry bind with it.
 * The server never learns a hash, so only PLAIN is possible. Nothing is sent for an empty password (RFC 4513 §5.1.2).
 */
export class LdapAccounts implements Authenticator {
  readonly hashes: readonly ScramHash[] = [];
  readonly #options: LdapAccountsOptions;
  readonly #directory: Directory;
  readonly #existing = new Recent<boolean>(remembered);
  #looking = 0;

  constructor(options: LdapAccountsOptions) {
    this.#options = options;
    this.#directory = options.directory;
  }

  /** Rejects with DirectoryError if the directory is down and nothing was ever read of it. */
  exists(user: string): boolean | Promise<boolean> {
    const { snapshot } = this.#options;
    if (prepareUser(user) !== user) return false;
    if (snapshot.has(user)) return true;
    return this.#existing.get(user) ?? this.#look(user);
  }

  async verify(user: string, password: string): Promise<boolean> {
    if (prepareUser(user) !== user || !isPossible(password)) return this.#wrong(user);
    const { verifiers } = this.#options;
    let right: boolean;
    try {
      right = await this.#ask(user, password);
    } catch (cause) {
      if (cause instanceof SaslError && cause.condition === "account-disabled") await verifiers?.forget(user);
      if (!(cause instanceof DirectoryError)) throw cause;
      const known = await verifiers?.check(user, password);
      if (known !== undefined) return known;
      throw new SaslError("temporary-auth-failure", texts.unreachable, { cause });
    }
    if (!right) {
      await verifiers?.refused(user, password);
      return this.#wrong(user);
    }
    this.#options.snapshot.note(user);
    await verifiers?.learn(user, password);
    return true;
  }

  /**
   * Logs in with a name as somebody typed it: the login itself, the whole address of the account, or, where the settings
   * allow it, an e-mail address or its local part, if it belongs to one person only and the password is theirs. Returns
   * the login; undefined if the name or the password is wrong. Throws as `verify`. Before a password is checked, `claim` is
   * told whose, so that guesses count for the account however it is written; what it throws ends the login.
   */
  async identify(name: string, password: string, claim?: (user: string) => void): Promise<string | undefined> {
    const user = await this.#claimed(name);
    if (user === undefined) {
      this.#wrong(name);
      return undefined;
    }
    claim?.(user);
    return (await this.verify(user, password)) ? user : undefined;
  }

  /** Forgets what was kept of accounts: the directory has changed. */
  forget(): void {
    this.#existing.clear();
  }

  /** @throws SaslError with help where the name is not of the form of a login; else false. */
  #wrong(name: string): false {
    // The same words whether the name is unknown or the password wrong: they do not tell which.
    const { "login-by-mail": byMail } = this.#directory.settings;
    if (!byMail && (name.includes("@") || (isDotted(name) && !this.#options.snapshot.dotted)))
      throw new SaslError("not-authorized", texts.form);
    return false;
  }

  /** The login that a name means; undefined if it cannot be one. */
  async #claimed(name: string): Promise<string | undefined> {
    const user = prepareUser(this.#withoutDomain(name));
    if (!this.#directory.settings["login-by-mail"]) return user;
    if (user !== undefined && (await this.#isThere(user))) return user;
    return (await this.#ownerOf(name)) ?? user;
  }

  #withoutDomain(name: string): string {
    const at = name.lastIndexOf("@");
    const { domains = [] } = this.#options;
    return at > 0 && domains.includes(name.slice(at + 1).toLowerCase()) ? name.slice(0, at) : name;
  }

  async #isThere(user: string): Promise<boolean> {
    try {
      return await this.exists(user);
    } catch (cause) {
      throw new SaslError("temporary-auth-failure", texts.unreachable, { cause });
    }
  }

  async #ownerOf(name: string): Promise<string | undefined> {
    try {
      return await this.#options.snapshot.owner(name);
    } catch (cause) {
      if (!(cause instanceof DirectoryError)) throw cause;
      throw new SaslError("temporary-auth-failure", texts.unreachable, { cause });
    }
  }

  async #look(user: string): Promise<boolean> {
    // Messages to names that nobody has must not fill the way to the directory; the last reading will do for them.
    if (this.#looking >= maxLooking && this.#options.snapshot.has(user) === false) return false;
    this.#looking++;
    try {
      const found = (await this.#candidate(await this.#directory.layout(), user)) !== undefined;
      this.#existing.set(user, found, found ? knownMs : unknownMs);
      return found;
    } catch (cause) {
      if (!(cause instanceof DirectoryError)) throw cause;
      const known = this.#existing.last(user) ?? this.#options.snapshot.has(user);
      if (known === undefined) throw cause;
      return known;
    } finally {
      this.#looking--;
    }
  }

  async #ask(user: string, password: string): Promise<boolean> {
    const layout = await this.#directory.layout();
    const checked = await (layout.userDn === ""
      ? this.#searchAndBind(layout, user, password)
      : this.#bindByTemplate(layout, user, password));
    const { outcome, entry, reason } = checked;
    const disabled = entry !== undefined && isDisabled(entry, layout);
    if (outcome === "disabled" || (disabled && (outcome === "right" || outcome === "refused"))) {
      throw new SaslError("account-disabled", texts.disabled);
    }
    if (outcome === "expired") throw new SaslError("credentials-expired", texts.expired);
    if (outcome === "refused") {
      this.#options.log.error("the directory refuses to check a password", { user, reason });
      throw new DirectoryError("the directory refuses to check a password");
    }
    if (outcome === "right") this.#existing.set(user, true, knownMs);
    return outcome === "right";
  }

  async #searchAndBind(layout: Layout, user: string, password: string): Promise<Checked & { entry?: Attributes }> {
    const candidate = await this.#candidate(layout, user);
    if (candidate?.entry !== undefined) {
      return { ...(await this.#directory.check(candidate.dn, password)), entry: candidate.entry };
    }
    // Unknown logins cost the same round trips, so that time does not tell who is there.
    await this.#directory.check(
      `cn=${randomBytes(8).toString("hex")},${layout.userBase}`,
      randomBytes(8).toString("hex"),
    );
    return { outcome: "wrong" };
  }

  async #bindByTemplate(layout: Layout, user: string, password: string): Promise<Checked & { entry?: Attributes }> {
    const filter = this.#directory.settings.users.filter;
    const own = { filter: filter || "(objectClass=*)", attributes: personAttributes(layout) };
    const checked = await this.#directory.check(dnOf(layout, user), password, isDn(layout) ? own : undefined);
    if (!isDn(layout)) return checked; // such as user@example.org, which Active Directory takes for a name too
    const [entry] = checked.entries ?? [];
    // Not every directory lets people read their own entry; but where a filter is set, it must be seen to match.
    if (checked.outcome === "right" && entry === undefined && filter !== "") return { outcome: "wrong" };
    return entry === undefined ? checked : { ...checked, entry };
  }

  /** The one entry with that login. */
  async #candidate(layout: Layout, user: string): Promise<Candidate> {
    const attributes = personAttributes(layout);
    const search: Search = isDn(layout)
      ? { base: dnOf(layout, user), scope: "base", filter: layout.userFilter, attributes }
      : { base: layout.userBase, scope: "sub", filter: all(layout.userFilter, loginFilter(layout, user)), attributes };
    const found = await this.#directory.search({ ...search, sizeLimit: 5 });
    // Directories compare more loosely than addresses do, such as without accents.
    const fitting = found.filter((entry) => loginOf(entry, layout) === user);
    if (fitting.length > 1) {
      this.#options.log.error("several entries of the directory have the same login: none can log in", {
        user,
        entries: fitting.map(({ dn }) => dn),
      });
      return undefined;
    }
    const [entry] = fitting;
    return entry && { dn: entry.dn, entry };
  }
}

function isDn(layout: Layout): boolean {
  return layout.userDn.includes("=");
}

function dnOf(layout: Layout, user: string): string {
  return fill(layout.userDn, escapeDnValue(unescapeLocal(user)));
}

/** Whether a directory may be asked: servers written in C would read a password up to its first NUL. */
function isPossible(password: string): boolean {
  const size = Buffer.byteLength(password);
  return size > 0 && size <= maxPasswordBytes && !password.includes("\0") && password.isWellFormed();
}
