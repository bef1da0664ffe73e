import { createHash } from "node:crypto";
import { value } from "#stanza/field.ts";
import { formTypeOf, x } from "#stanza/form.ts";
import { type Element, tag } from "#xml/element.ts";
import { feature, identity } from "./description.ts";

/** Hash functions by their IANA names (XEP-0115 §8.1, §9.1) and by Node's. */
const hashes: Readonly<Record<string, string>> = {
  "sha-1": "sha1",
  "sha-256": "sha256",
  "sha-384": "sha384",
  "sha-512": "sha512",
};

/** Most features, and the longest text, of a client that are looked at; and all their texts together: they are remembered. */
const mostFeatures = 512;
const longestText = 1024;
const mostText = 32_768;

/** Forms that clients describe themselves with. */
const usualForms: ReadonlySet<string> = new Set(["urn:xmpp:dataforms:softwareinfo"]);

const formField = tag("jabber:x:data", "field");

/** Whether a verification string of this hash can be checked here. */
export function isSupported(hash: string): boolean {
  return Object.hasOwn(hashes, hash);
}

/** The `ver` of a disco#info answer (XEP-0115 §5.1); undefined if the answer is ill-formed by §5.4. */
export function verificationOf(query: Element, hash: string): string | undefined {
  const text = verificationString(query);
  return text === undefined ? undefined : createHash(hashes[hash]!).update(text, "utf8").digest("base64");
}

/** The string S of XEP-0115 §5.1; undefined if the answer is ill-formed by §5.4. */
export function verificationString(query: Element): string | undefined {
  const identities = sorted(
    query
      .all(identity)
      .map(({ attrs }) => [attrs.category ?? "", attrs.type ?? "", attrs["xml:lang"] ?? "", attrs.name ?? ""]),
  );
  const features = query
    .all(feature)
    .map((one) => one.attrs.var ?? "")
    .sort(octets);
  const forms = extensions(query);
  if (forms === undefined) return undefined;
  const factors = [...identities.map((parts) => parts.join("/")), ...features];
  if (hasTwins(identities.map((parts) => parts.join("/"))) || hasTwins(features)) return undefined;
  for (const { type, fields } of forms) {
    factors.push(type);
    for (const [name, ...values] of fields) factors.push(name!, ...values.sort(octets));
  }
  return factors.map((factor) => `${factor}<`).join("");
}

/**
 * What a client can, if its answer to disco#info proves it. `shared` says whether the proof holds for everybody who
 * announces the same `ver`.
 *
 * The string that is hashed does not tell its parts apart, so another answer with the same hash can present features as
 * identities or forms (XEP-0115 §9.3). What could be read in two ways is believed of its sender alone.
 */
export function provenFeatures(
  query: Element,
  hash: string,
  ver: string,
): { readonly features: ReadonlySet<string>; readonly shared: boolean } | undefined {
  const found = query.all(feature);
  const lengths = found.map(({ attrs }) => (attrs.var ?? "").length);
  if (lengths.length > mostFeatures || lengths.some((length) => length > longestText)) return undefined;
  if (lengths.reduce((sum, length) => sum + length, 0) > mostText) return undefined;
  if (isSupported(hash) && verificationOf(query, hash) !== ver) return undefined;
  const features = new Set(found.map(({ attrs }) => attrs.var ?? ""));
  return { features, shared: isSupported(hash) && isUnambiguous(query) };
}

function isUnambiguous(query: Element): boolean {
  for (const { attrs } of query.all(identity)) {
    // A feature such as http://example.com/a passes for the identity "http:" of the type "".
    if (!/^[\w.-]+$/.test(attrs.category ?? "") || !/^[\w.-]+$/.test(attrs.type ?? "")) return false;
    if (/[</]/.test(attrs["xml:lang"] ?? "") || (attrs.name ?? "").includes("<")) return false;
  }
  for (const { attrs } of query.all(feature)) if (attrs.var === undefined || /^$|</.test(attrs.var)) return false;
  const forms = extensions(query) ?? [];
  return forms.every(
    ({ type, fields }) => usualForms.has(type) && fields.every((parts) => !parts.some((part) => part.includes("<"))),
  );
}

interface Extension {
  readonly type: string;
  /** Name and values of each field. */
  readonly fields: readonly string[][];
}

/** The forms that count, in order; undefined if they make the answer ill-formed (§5.4). */
function extensions(query: Element): readonly Extension[] | undefined {
  const found: Extension[] = [];
  for (const form of query.all(x)) {
    const type = formTypeOf(form);
    if (type === undefined) continue; // §5.4: ignored where FORM_TYPE is missing or not hidden
    const fields = form.all(formField);
    const indicator = fields.find((one) => one.attrs.var === "FORM_TYPE");
    if (new Set(indicator?.all(value).map((one) => one.text)).size > 1) return undefined;
    const rest = fields.filter((one) => one.attrs.var !== "FORM_TYPE");
    found.push({
      type,
      fields: sorted(rest.map((one) => [one.attrs.var ?? "", ...one.all(value).map((text) => text.text)])),
    });
  }
  if (hasTwins(found.map((one) => one.type))) return undefined;
  return found.sort((left, right) => octets(left.type, right.type));
}

/** Sorts lists by their first parts, then the next. */
function sorted(lists: string[][]): string[][] {
  return lists.sort((left, right) => {
    for (let index = 0; index < left.length && index < right.length; index++) {
      const order = octets(left[index]!, right[index]!);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  });
}

function hasTwins(list: readonly string[]): boolean {
  return new Set(list).size < list.length;
}

/** The collation i;octet: by the bytes of UTF-8 (RFC 4790 §9.3). */
function octets(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}
