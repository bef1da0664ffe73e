import type { Endpoint } from "#core/network.ts";

/** Where a service is, as an SRV record says (RFC 2782). */
export interface ServiceRecord {
  /** Without the final dot. */
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  readonly security: Endpoint["security"];
}

/**
 * The order in which to try them (RFC 2782): the lowest priority first; among equals drawn by weight, so that one of
 * weight 20 comes first twice as often as one of weight 10. Those for direct TLS and the others are one list (XEP-0368
 * §3).
 *
 * @param random from 0 to below 1, as `Math.random`
 */
export function inOrder(records: readonly ServiceRecord[], random: () => number): readonly ServiceRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((one, other) => one - other);
  return priorities.flatMap((priority) =>
    drawn(
      shuffled(
        records.filter((record) => record.priority === priority),
        random,
      ),
      random,
    ),
  );
}

/** So that those without weight come in any order. */
function shuffled(records: readonly ServiceRecord[], random: () => number): readonly ServiceRecord[] {
  return records
    .map((record) => ({ record, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ record }) => record);
}

function drawn(records: readonly ServiceRecord[], random: () => number): ServiceRecord[] {
  // Weight 0 at the beginning: hardly ever chosen where others have a weight (RFC 2782, "Usage rules").
  const left = records.toSorted((one, other) => Number(one.weight > 0) - Number(other.weight > 0));
  const order: ServiceRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const mark = Math.floor(random() * (total + 1));
    let sum = 0;
    const chosen = left.findIndex(({ weight }) => {
      sum += weight;
      return sum >= mark;
    });
    order.push(...left.splice(chosen, 1));
  }
  return order;
}
