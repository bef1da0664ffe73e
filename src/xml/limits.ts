/** What one top-level element (a stanza, or the stream header) may cost at most. */
export interface Limits {
  /** Its size in bytes. */
  readonly stanzaBytes: number;
  /** How deep elements may nest; the top-level one is 1. */
  readonly depth: number;
  /** How many attributes an element may have, namespace declarations included. */
  readonly attributes: number;
  /** How many elements there may be in it, itself included. */
  readonly elements: number;
}

/** For trusted text: tests and what we stored ourselves. */
export const generous: Limits = { stanzaBytes: 256 << 20, depth: 10_000, attributes: 10_000, elements: 10_000_000 };

/** How many prefixes may be in force at one place. Bounds the time a look-up takes, whatever the size of a stanza. */
export const PREFIXES = 256;
