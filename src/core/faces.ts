import { Jid } from "#jid/jid.ts";
import { type Element, type Node, tag } from "#xml/element.ts";

/** Domain names to put in the place of others. */
export type Renaming = ReadonlyMap<string, string>;

const value = tag("jabber:x:data", "value");
const addressed = ["from", "to", "jid", "by", "initiator", "responder"] as const;
/** SOCKS5 Bytestreams (XEP-0065). */
const bytestreams = tag("http://jabber.org/protocol/bytestreams", "query");
const streamhost = tag("http://jabber.org/protocol/bytestreams", "streamhost");
/** A proxy of ours is reached under the name it was asked under, unless it says another. */
const addressedOfProxy = [...addressed, "host"];
/** Nodes whose items have addresses as ids: bookmarks (XEP-0402 §3), what was read (XEP-0490 §3). */
const nodesOfAddresses: ReadonlySet<string | undefined> = new Set(["urn:xmpp:bookmarks:1", "urn:xmpp:mds:displayed:0"]);
const addressedOfItem = [...addressed, "id"];

/**
 * The names under which the domains of this server are known. An account has one canonical address, by which everything
 * here knows it, and a face under each alias of its domain: addresses are made canonical where they come in and get the
 * reader's face where they go out. Nothing in between knows of aliases.
 */
export class Faces {
  readonly #canonical = new Map<string, string>();
  readonly #outward = new Map<string, Renaming>();
  /** For each name of a domain with aliases, and of its services: the name of the domain. */
  readonly #names = new Map<string, string>();

  /**
   * @param domains each canonical domain with its aliases, all prepared
   * @param prefixes of the services beside each domain: `conference.alias` is an alias of `conference.domain`
   */
  constructor(
    domains: readonly { readonly name: string; readonly aliases: readonly string[] }[],
    prefixes: readonly string[] = [],
  ) {
    for (const { name, aliases } of domains) {
      for (const alias of aliases) {
        const services = prefixes.map((prefix) => [`${prefix}.${name}`, `${prefix}.${alias}`] as const);
        const outward = new Map([[name, alias], ...services]);
        for (const [canonical, other] of outward) {
          this.#canonical.set(other, canonical);
          this.#names.set(other, alias).set(canonical, name);
        }
        this.#outward.set(alias, outward);
      }
    }
  }

  /** Whether there is any alias at all. */
  get any(): boolean {
    return this.#canonical.size > 0;
  }

  /** The canonical name of a domain: itself unless it is an alias. */
  domain(name: string): string {
    return this.#canonical.get(name) ?? name;
  }

  /** The aliases of a canonical domain. */
  aliases(name: string): readonly string[] {
    return [...this.#canonical].filter(([, canonical]) => canonical === name).map(([alias]) => alias);
  }

  /** Which name of a domain an address uses, as it is written; undefined where the domain has but one. */
  nameIn(address: string): string | undefined {
    const [bare = ""] = address.split("/", 1);
    return this.#names.get(bare.slice(bare.indexOf("@") + 1).toLowerCase());
  }

  /** The canonical form of an address. */
  canonical(jid: Jid): Jid {
    const name = this.#canonical.get(jid.domain);
    return name === undefined ? jid : Jid.of(jid.local, name, jid.resource);
  }

  /** An address under each name of its domain, the canonical one first. */
  forms(canonical: Jid): Jid[] {
    const others = [...this.#outward.values()].flatMap((renaming) => renaming.get(canonical.domain) ?? []);
    return [canonical, ...others.map((name) => Jid.of(canonical.local, name, canonical.resource))];
  }

  /** The form of an address under a face, where its domain has that face. */
  shown(jid: Jid, face: string): Jid {
    const name = this.#outward.get(face)?.get(jid.domain);
    return name === undefined ? jid : Jid.of(jid.local, name, jid.resource);
  }

  /** What came in, with canonical addresses in all the places where protocols have addresses. */
  inward(element: Element): Element {
    return this.any ? renamed(element, this.#canonical) : element;
  }

  /** What goes out to somebody who knows us under a face. */
  outward(element: Element, face: string): Element {
    const renaming = this.#outward.get(face);
    return renaming === undefined ? element : renamed(element, renaming);
  }
}

/**
 * An element with domains renamed in its addresses: the attributes `from`, `to`, `jid` and `by` at any depth, those of
 * Jingle (XEP-0166 §7.1), the values of data forms, and the ids of items that are named by addresses. Texts that people wrote are never touched, nor are the names that two
 * clients have for a stream between them (XEP-0065 §6.3.1): one compares what the other chose with what it offered. Itself
 * where nothing is renamed.
 */
export function renamed(element: Element, renaming: Renaming): Element {
  return renamedIn(element, renaming, element.is(streamhost) ? addressedOfProxy : addressed);
}

/** Likewise, with addresses in these attributes of the element itself. */
function renamedIn(element: Element, renaming: Renaming, names: readonly string[]): Element {
  if (element.is(bytestreams) && element.attrs.sid !== undefined) return element;
  let changes: Record<string, string> | undefined;
  const { attrs } = element;
  for (const name of names) {
    const old = attrs[name];
    const now = old === undefined ? undefined : renamedAddress(old, renaming);
    if (now !== undefined) {
      changes ??= {};
      changes[name] = now;
    }
  }
  const head = changes === undefined ? element : element.with(changes);
  if (!mentions(element, renaming)) return head;
  const children = element.is(value)
    ? [renamedAddress(element.text, renaming) ?? element.text]
    : renamedChildren(element, renaming);
  return children === element.children ? head : head.holding(...children);
}

function renamedChildren(element: Element, renaming: Renaming): readonly Node[] {
  const old = element.children;
  const ofAddresses = nodesOfAddresses.has(element.attrs.node);
  const rename = (child: Element) =>
    ofAddresses ? renamedIn(child, renaming, addressedOfItem) : renamed(child, renaming);
  let changed = false;
  const children = old.map((child) => {
    const now = typeof child === "string" ? child : rename(child);
    changed ||= now !== child;
    return now;
  });
  return changed ? children : old;
}

/** A quick look before the tree is built: most stanzas name no address in their content. */
function mentions(element: Element, renaming: Renaming): boolean {
  for (const child of element.children) {
    if (typeof child === "string") {
      if (element.is(value)) return true;
      continue;
    }
    const text = child.toString(element.ns).toLowerCase();
    for (const name of renaming.keys()) if (text.includes(name)) return true;
  }
  return false;
}

/** An address with its domain renamed; undefined where it is not concerned. */
function renamedAddress(address: string, renaming: Renaming): string | undefined {
  const slash = address.indexOf("/");
  const bare = slash < 0 ? address : address.slice(0, slash);
  const at = bare.indexOf("@");
  const now = renaming.get(bare.slice(at + 1).toLowerCase());
  return now === undefined ? undefined : `${bare.slice(0, at + 1)}${now}${slash < 0 ? "" : address.slice(slash)}`;
}
