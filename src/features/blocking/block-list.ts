import type { Jid } from "#jid/jid.ts";

/** The addresses that somebody blocks, as text: full, bare, domain with resource, domain. */
export type BlockList = ReadonlySet<string>;

/** The list of those who block nobody: one value, so that most checks end with a comparison. */
export const blocksNobody: BlockList = new Set();

export function blockList(jids: Iterable<string>): BlockList {
  const list = new Set(jids);
  return list.size === 0 ? blocksNobody : list;
}

/**
 * Whether a list blocks an address (XEP-0191 §6): by itself, by its account, by its domain. An address of a domain with a
 * resource is its own full form.
 */
export function matches(list: BlockList, peer: Jid): boolean {
  if (list.size === 0) return false;
  return list.has(peer.toString()) || list.has(peer.bare.toString()) || list.has(peer.domain);
}
