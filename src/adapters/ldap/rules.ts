import type { Attributes } from "./entry.ts";

/** A rule about an entry, from the settings: a small language, since it is applied to entries that are here already. */
export type Rule =
  | { readonly kind: "equals"; readonly attribute: string; readonly value: string }
  | { readonly kind: "present"; readonly attribute: string }
  | { readonly kind: "bit"; readonly attribute: string; readonly bit: bigint }
  | { readonly kind: "past"; readonly attribute: string };

/** Reads `attribute=value`, `attribute=*`, `attribute&bit` or `attribute<now`; undefined if it is none of them. */
export function readRule(text: string): Rule | undefined {
  const match = /^([A-Za-z][\w;-]*)(?:=(.+)|&(\d{1,18})|(<now))$/.exec(text.trim());
  if (match === null) return undefined;
  const [, name = "", value, bit] = match;
  const attribute = name.toLowerCase();
  if (value === "*") return { kind: "present", attribute };
  if (value !== undefined) return { kind: "equals", attribute, value };
  if (bit !== undefined) return { kind: "bit", attribute, bit: BigInt(bit) };
  return { kind: "past", attribute };
}

/** Whether an entry fulfils a rule; `now` in milliseconds since 1970. */
export function fulfils(entry: Attributes, rule: Rule, now: number): boolean {
  const values = entry.all(rule.attribute);
  switch (rule.kind) {
    case "present":
      return values.length > 0;
    case "equals":
      return values.some((value) => value.toLowerCase() === rule.value.toLowerCase());
    case "bit":
      return values.some((value) => /^-?\d{1,18}$/.test(value) && (BigInt(value) & rule.bit) !== 0n);
    case "past":
      return values.some((value) => {
        const time = timeOf(value);
        return time !== undefined && time <= now;
      });
  }
}

const dayMs = 86_400_000;
const fileTimeEpochMs = 11_644_473_600_000; // 1601 to 1970

/**
 * A date as directories write it, in milliseconds since 1970: GeneralizedTime (RFC 4517 §3.3.13), days since 1970
 * (shadowExpire), or Windows' count of 100 ns since 1601 (accountExpires). Undefined where it means "never".
 */
export function timeOf(value: string): number | undefined {
  const written = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,]\d+)?(?:Z|([+-])(\d\d)(\d\d)?)$/.exec(value);
  if (written !== null) {
    const [, year, month, day, hour, minute, second, sign, hours, minutes] = written;
    const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), +(minute ?? 0), +(second ?? 0));
    return local - (sign === "-" ? -1 : 1) * (+(hours ?? 0) * 60 + +(minutes ?? 0)) * 60_000;
  }
  if (!/^\d{1,19}$/.test(value)) return undefined;
  const number = BigInt(value);
  if (number === 0n || number === 0x7fff_ffff_ffff_ffffn) return undefined;
  if (number < 1_000_000n) return Number(number) * dayMs;
  return number > 10n ** 15n ? Number(number / 10_000n) - fileTimeEpochMs : undefined;
}
