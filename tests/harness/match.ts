import type { Element, Node } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";

/** Reads an expectation: XML in `jabber:client` unless it says otherwise. */
export function pattern(text: string): Element {
  const at = text.search(/[\s/>]/);
  const head = text.slice(0, text.indexOf(">"));
  const named = /\sxmlns=/.test(head) || /^<\w+:/.test(text);
  const bound = /^<stream:/.test(text) && !/\sxmlns:stream=/.test(head);
  const namespace = named ? "" : " xmlns='jabber:client'";
  const stream = bound ? " xmlns:stream='http://etherx.jabber.org/streams'" : "";
  return parseText(`${text.slice(0, at)}${namespace}${stream}${text.slice(at)}`);
}

/**
 * Why an element does not match, or undefined if it does. What the expectation says must be there; the rest may be.
 * `…` stands for anything, in attributes and texts.
 */
export function mismatch(expected: Element, actual: Element, path = expected.name): string | undefined {
  if (expected.name !== actual.name) return `${path}: is <${actual.name}/>`;
  if (expected.ns !== actual.ns) return `${path}: is in ${actual.ns}, not ${expected.ns}`;
  for (const [name, value] of Object.entries(expected.attrs)) {
    const found = actual.attrs[name];
    if (found === undefined || !fits(value, found)) return `${path}: ${name} is ${found ?? "missing"}, not ${value}`;
  }
  const words = expected.text.trim();
  if (words !== "" && !fits(words, actual.text.trim())) return `${path}: text is "${actual.text}", not "${words}"`;
  const left: Node[] = [...actual.elements];
  for (const child of expected.elements) {
    const at = left.findIndex((one) => typeof one !== "string" && mismatch(child, one) === undefined);
    if (at < 0) {
      const near = left.find((one): one is Element => typeof one !== "string" && one.name === child.name);
      return near ? mismatch(child, near, `${path}/${child.name}`) : `${path}/${child.name}: missing`;
    }
    left.splice(at, 1);
  }
  return undefined;
}

function fits(expected: string, actual: string): boolean {
  if (!expected.includes("…")) return expected === actual;
  const parts = expected.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`).test(actual);
}
