/** From here on times are counted: 1 January 2020. 41 bits of milliseconds last until 2089. */
const epoch = Date.UTC(2020, 0, 1);
/** Low bits that tell nodes apart, and how far apart two ids of one node are. */
const nodes = 16;
/** Ids of all nodes in one millisecond: a node has 128 of them, then it goes on with the next millisecond. */
const perMillisecond = 2048;
const half = 2 ** 26;
const highest = half * half - 1;
const alphabet = [..."0123456789abcdefghijklmnopqrstuvwxyz"];
const pairs = alphabet.flatMap((one) => alphabet.map((other) => one + other));
const lowDigits = 36 ** 5;

/**
 * Ids of archived messages: numbers below 2^52 in the order of time, then of a counter, then of nodes, so that two nodes
 * that share a database never give the same one. Clients see them as texts, in which a secret permutation hides time and
 * order (XEP-0359 §6: nothing may be inferred from an id).
 */
export class ArchiveIds {
  readonly #node: number;
  readonly #keys: readonly number[];
  #last: number;

  /**
   * @param secret at least 16 bytes, the same on all nodes and forever
   * @param last the highest id given so far, 0 for none: ids go on from there even if the clock was set back
   * @param node below 16, different on each node
   */
  constructor(secret: Uint8Array, last = 0, node = 0) {
    const view = new DataView(secret.buffer, secret.byteOffset, secret.byteLength);
    this.#keys = [0, 4, 8, 12].map((at) => view.getUint32(at));
    this.#node = node;
    this.#last = last;
  }

  /** The highest id given so far. */
  get last(): number {
    return this.#last;
  }

  next(): number {
    const now = startOf(Date.now()) + this.#node;
    this.#last = now > this.#last ? now : this.#last - (this.#last % nodes) + nodes + this.#node;
    return this.#last;
  }

  /** An id as clients see it: 11 digits and small letters. */
  toText(id: number): string {
    let left = Math.floor(id / half);
    let right = id % half;
    for (const key of this.#keys) [left, right] = [right, left ^ mixed(right, key)];
    return toDigits(left * half + right);
  }

  /** The id that a client means; undefined where no id looks so. */
  parse(text: string): number | undefined {
    if (!/^[0-9a-z]{11}$/.test(text)) return undefined;
    const hidden = Number.parseInt(text, 36);
    if (hidden > highest) return undefined;
    let left = Math.floor(hidden / half);
    let right = hidden % half;
    for (const key of this.#keys.toReversed()) [left, right] = [right ^ mixed(left, key), left];
    return left * half + right;
  }
}

/** As `toString(36)` with zeros before it, which takes twenty times as long for numbers beyond 2^31. */
function toDigits(value: number): string {
  const high = Math.floor(value / lowDigits); // both halves are small integers
  const low = value - high * lowDigits;
  const middle = Math.floor(high / 1296);
  const end = Math.floor(low / 1296);
  const start = Math.floor(middle / 1296);
  const first = Math.floor(end / 1296);
  return (
    pairs[start]! +
    pairs[middle - start * 1296]! +
    pairs[high - middle * 1296]! +
    alphabet[first]! +
    pairs[end - first * 1296]! +
    pairs[low - end * 1296]!
  );
}

/** When a message was archived. */
export function timeOf(id: number): Date {
  return new Date(Math.floor(id / perMillisecond) + epoch);
}

/** The lowest id of a moment, in milliseconds since 1970; 0 before 2020. */
export function startOf(moment: number): number {
  return Math.max(0, (moment - epoch) * perMillisecond);
}

/** 26 bits that depend on all bits of both. */
function mixed(value: number, key: number): number {
  let hash = Math.imul(value ^ key, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77);
  return (hash ^ (hash >>> 13)) >>> 6;
}
