/** Names that occur all the time, the commonest first. Finding them here saves making the same strings again and again. */
const common =
  "to from id type message presence iq body x item c show status priority query jid name node ver hash ask subscription " +
  "group affiliation role code stamp delay active composing paused inactive gone received request displayed markable " +
  "origin-id stanza-id by thread subject error forwarded result queryid sent set get max before after first last index " +
  "count field var value label option form data photo event items publish pubsub retract store no-store key header " +
  "payload iv rid sid encrypted encryption namespace feature identity category r a h enable resume ping bind resource " +
  "auth response challenge success mechanism reply reactions reaction replace apply-to fallback fin complete stable " +
  "markup url desc version lang action node rsm password nick user reason actor password history since maxstanzas";

const SIZE = 512;

function slot(length: number, first: number, last: number): number {
  return (length * 67 + first * 7 + last * 31) % SIZE;
}

/** The names by their slot; of two with the same slot only the commoner is known. */
const table: readonly string[] = common.split(" ").reduce((slots: string[], name) => {
  const index = slot(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  if (slots[index] === "") slots[index] = name;
  return slots;
}, new Array<string>(SIZE).fill(""));

/** What is written between the value before and this one, for attributes with a common name. */
export const openings: ReadonlyMap<string, string> = new Map(common.split(" ").map((name) => [name, `' ${name}='`]));

/** The string that stands in these bytes, if it is a common name. */
export function knownName(bytes: string, start: number, end: number): string | undefined {
  const length = end - start;
  const known = table[slot(length, bytes.charCodeAt(start), bytes.charCodeAt(end - 1))]!;
  if (known.length !== length) return undefined;
  for (let at = 0; at < length; at++) if (known.charCodeAt(at) !== bytes.charCodeAt(start + at)) return undefined;
  return known;
}
