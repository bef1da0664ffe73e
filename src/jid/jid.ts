/** Addresses of XMPP entities (RFC 7622). */
import { prepareDomain } from "./domain.ts";
import { isPlainDomain, isPlainLocal, isPlainResource } from "./plain.ts";
import { opaqueString, PrecisError, usernameCaseMapped } from "./precis.ts";

/** The part of an address at fault; "address" where no part can be named. */
export type JidPart = "local" | "domain" | "resource" | "address";

/** A text that is no JID. The message says why in words fit for a peer, without the text itself. */
export class JidError extends Error {
  readonly part: JidPart;
  constructor(part: JidPart, reason: string) {
    super(part === "address" ? `invalid address: ${reason}` : `invalid ${part}part: ${reason}`);
    this.name = "JidError";
    this.part = part;
  }
}

/** The most octets of UTF-8 a prepared part may have (RFC 7622 §3.2 to §3.4). */
const maxOctets = 1023;
/**
 * The most UTF-16 code units of a part looked at. The limit in octets holds after preparation, which shortens texts:
 * 1023 octets may come of 1533 units if they were decomposed. What is longer would be work for nothing, and much of it:
 * normalising a pile of marks takes time quadratic in their number.
 */
const maxUnits = 2048;

/** What RFC 7622 §3.3.1 excludes from localparts beyond UsernameCaseMapped. */
const excludedFromLocal = /["&'/:<>@]/;

/**
 * An XMPP address, an immutable value: `local@domain/resource`, each part in its prepared form, "" where absent. Two
 * JIDs name the same entity exactly if their strings are equal.
 *
 * Peers that still prepare by stringprep (RFC 6122) differ in a few places: their nodeprep folds case and compatibility
 * forms (`ß` to `ss`, `ς` to `σ`, `Ⅳ` to `iv`, the last refused here), allows symbols in localparts, and knows only
 * Unicode 3.2; their resourceprep applies NFKC (`Ⅳ` to `IV`, kept here).
 */
export class Jid {
  readonly local: string;
  readonly domain: string;
  readonly resource: string;
  // Not public even at run time, so that what has been computed does not show in comparisons of structure.
  #text: string | undefined;
  #bare: Jid | undefined;

  private constructor(local: string, domain: string, resource: string, text?: string) {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
    this.#text = text;
  }

  /**
   * Reads an address. The first `/` begins the resource, the first `@` before it ends the localpart (RFC 7622 §3.1).
   * @throws JidError if a part is empty where its separator promises one, too long, or refused by its profile.
   */
  static parse(text: string): Jid {
    const slash = text.indexOf("/");
    const end = slash < 0 ? text.length : slash;
    const sign = text.indexOf("@");
    const at = sign < end ? sign : -1;
    const givenLocal = at < 0 ? "" : text.slice(0, at);
    const givenDomain = text.slice(at + 1, end);
    const givenResource = slash < 0 ? "" : text.slice(slash + 1);
    const local = at < 0 ? "" : prepareLocal(givenLocal);
    const domain = prepareDomainpart(givenDomain);
    const resource = slash < 0 ? "" : prepareResource(givenResource);
    const unchanged = local === givenLocal && domain === givenDomain && resource === givenResource;
    return new Jid(local, domain, resource, unchanged ? text : undefined);
  }

  /** The address that a text is; undefined where it is none. */
  static tryParse(text: string | undefined): Jid | undefined {
    try {
      return text === undefined ? undefined : Jid.parse(text);
    } catch (problem) {
      if (problem instanceof JidError) return undefined;
      throw problem;
    }
  }

  /** An address of its parts, each prepared; "" means absent. @throws JidError if a part is refused. */
  static of(local: string, domain: string, resource = ""): Jid {
    return new Jid(
      local === "" ? "" : prepareLocal(local),
      prepareDomainpart(domain),
      resource === "" ? "" : prepareResource(resource),
    );
  }

  /** This address without its resource. */
  get bare(): Jid {
    if (this.resource === "") return this;
    this.#bare ??= new Jid(this.local, this.domain, "");
    return this.#bare;
  }

  /** Whether there is no resource. */
  get isBare(): boolean {
    return this.resource === "";
  }

  /** Whether it is a domain alone. */
  get isDomain(): boolean {
    return this.local === "" && this.resource === "";
  }

  equals(other: Jid): boolean {
    if (this === other) return true;
    return this.local === other.local && this.domain === other.domain && this.resource === other.resource;
  }

  /** This address with another resource, which is prepared. @throws JidError if the resource is empty or refused. */
  withResource(resource: string): Jid {
    return new Jid(this.local, this.domain, prepareResource(resource));
  }

  /** The address as sent: the key to keep things by. */
  toString(): string {
    this.#text ??= this.#join();
    return this.#text;
  }

  #join(): string {
    const bare = this.local === "" ? this.domain : `${this.local}@${this.domain}`;
    return this.resource === "" ? bare : `${bare}/${this.resource}`;
  }
}

function prepareLocal(text: string): string {
  if (isPlainLocal(text)) return text;
  return prepared("local", text, (local) => {
    const name = usernameCaseMapped(local);
    if (excludedFromLocal.test(name)) throw new PrecisError("it holds one of \" & ' / : < > @");
    return name;
  });
}

function prepareDomainpart(text: string): string {
  return isPlainDomain(text) ? text : prepared("domain", text, prepareDomain);
}

function prepareResource(text: string): string {
  if (isPlainResource(text)) return text;
  return prepared("resource", text, (resource) => {
    const name = opaqueString(resource);
    // OpaqueString allows it, but RFC 7622 §3.5 lists such an address among those that are no JIDs.
    if (name.startsWith(" ")) throw new PrecisError("it begins with a space");
    return name;
  });
}

function prepared(part: JidPart, text: string, profile: (text: string) => string): string {
  if (text === "") throw new JidError(part, "it is empty");
  if (text.length > maxUnits) throw new JidError(part, "it is too long");
  let result: string;
  try {
    result = profile(text);
  } catch (error) {
    if (error instanceof PrecisError) throw new JidError(part, error.reason);
    throw error;
  }
  if (exceedsOctets(result)) throw new JidError(part, "it has more than 1023 octets");
  return result;
}

/** Whether a well-formed text has more than 1023 octets in UTF-8. */
function exceedsOctets(text: string): boolean {
  if (text.length * 3 <= maxOctets) return false;
  let octets = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A surrogate is half of a code point of four octets.
    octets += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return octets > maxOctets;
}
