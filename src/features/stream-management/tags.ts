import type { Condition } from "#stanza/error.ts";
import { stanzaErrors } from "#stanza/namespaces.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";

const namespace = "urn:xmpp:sm:3";

export const sm: Tag = tag(namespace, "sm");
export const enable: Tag = tag(namespace, "enable");
export const enabled: Tag = tag(namespace, "enabled");
export const resume: Tag = tag(namespace, "resume");
export const resumed: Tag = tag(namespace, "resumed");
export const request: Tag = tag(namespace, "r");
export const answer: Tag = tag(namespace, "a");
export const tooHigh: Tag = tag(namespace, "handled-count-too-high");
const failed = tag(namespace, "failed");

/** Why stream management is not enabled or the stream not resumed (XEP-0198 §6). */
export function failure(condition: Condition, handled?: number): Element {
  return failed({ h: handled === undefined ? undefined : String(handled) }, tag(stanzaErrors, condition)());
}

/** Reads a count of stanzas: an unsigned integer of 32 bits. */
export function readCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const count = Number(text);
  return count < 2 ** 32 ? count : undefined;
}
