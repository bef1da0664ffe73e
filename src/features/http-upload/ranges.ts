/** A part of a file: both ends included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a Range header asks for (RFC 9110 §14.2): one part; `unsatisfiable` where there is nothing of what it asks for; or
 * undefined where the header is to be ignored and the whole sent: an unknown unit, wrong syntax, several parts.
 */
export function readRange(header: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, list] = /^bytes=(.*)$/i.exec(header.trim()) ?? [];
  if (list === undefined || list.length > 1000) return undefined;
  const parts = list.split(",").map((part) => part.trim());
  const asked = parts.filter((part) => part !== ""); // §5.6.1.2: empty elements of a list do not count
  if (asked.length === 0) return undefined;
  const ranges = asked.map((part) => readOne(part, size));
  if (ranges.includes(undefined)) return undefined;
  if (ranges.every((range) => range === "unsatisfiable")) return "unsatisfiable";
  return ranges.length === 1 ? ranges[0] : undefined;
}

function readOne(part: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, from, to] = /^(\d*)-(\d*)$/.exec(part) ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  if (from === "") {
    const length = Math.min(Number(to), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? Number.POSITIVE_INFINITY : Number(to);
  if (last < first) return undefined; // §14.1.1: invalid, not unsatisfiable
  return first >= size ? "unsatisfiable" : { first, last: Math.min(last, size - 1) };
}
