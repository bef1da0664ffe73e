/** A second opinion on XML: a tree built by saxes, which is strict and knows namespaces. */
import { SaxesParser } from "saxes";
import { type Element, type Node, tag } from "#xml/element.ts";

interface Open {
  readonly ns: string;
  readonly name: string;
  readonly attrs: Record<string, string>;
  readonly nodes: Node[];
}

const xml = "http://www.w3.org/XML/1998/namespace";
const xmlns = "http://www.w3.org/2000/xmlns/";

/** The tree of the document as saxes sees it. Throws if saxes refuses it, or finds more than elements and text. */
export function oracle(text: string): Element {
  const parser = new SaxesParser({ xmlns: true });
  const top: Open = { ns: "", name: "top", attrs: {}, nodes: [] };
  const open: Open[] = [top];
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (found) => {
    const attrs: Record<string, string> = Object.create(null);
    for (const { uri, local, value } of Object.values(found.attributes)) {
      if (uri === xmlns) continue;
      attrs[uri === "" ? local : uri === xml && local === "lang" ? "xml:lang" : `{${uri}}${local}`] = value;
    }
    open.push({ ns: found.uri, name: found.local, attrs, nodes: [] });
  });
  parser.on("closetag", () => {
    const { ns, name, attrs, nodes } = open.pop()!;
    open.at(-1)!.nodes.push(tag(ns, name)(attrs, ...nodes));
  });
  const addText = (part: string): void => {
    if (open.length > 1) open.at(-1)!.nodes.push(part);
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.write(text).close();
  const [root] = top.nodes;
  if (root === undefined || typeof root === "string") throw new Error("No element");
  return root;
}

/**
 * Whether saxes accepts the text and sees this element in it. Throws if saxes refuses the text. It trims the names of
 * namespaces, which Namespaces in XML does not ask for: that difference is allowed.
 */
export function agrees(element: Element, text: string): boolean {
  const expected = oracle(text);
  return expected.equals(element) || expected.equals(trimmed(element));
}

function trimmed(element: Element): Element {
  const attrs: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(element.attrs)) {
    attrs[
      key.startsWith("{") ? `{${key.slice(1, key.lastIndexOf("}")).trim()}${key.slice(key.lastIndexOf("}"))}` : key
    ] = value;
  }
  const nodes = element.children.map((node) => (typeof node === "string" ? node : trimmed(node)));
  return tag(element.ns.trim(), element.name)(attrs, ...nodes);
}
