import type { Person } from "#core/people.ts";
import { type Element, type Node, tag } from "#xml/element.ts";

const vcardTemp = "vcard-temp";

/** What the directory knows of a person as fields of a vCard (XEP-0054 §5); the photo is apart. */
export function fieldsOf(person: Person): Element[] {
  const { displayName, mail, phones, title, room } = person;
  return [
    field("FN", displayName),
    ...nameOf(person),
    ...mail.map((address, index) =>
      field("EMAIL", field("INTERNET"), ...(index === 0 ? [field("PREF")] : []), field("USERID", address)),
    ),
    ...phones.map(({ kind, number }) =>
      field("TEL", ...phoneKinds[kind].map((name) => field(name)), field("NUMBER", number)),
    ),
    ...organisationOf(person),
    ...optional("TITLE", title),
    ...(room ? [field("ADR", field("WORK"), field("EXTADD", room))] : []),
  ];
}

/** The photo of a person as a field (XEP-0054 §5, XEP-0153 §3.1). */
export function photoField(type: string, data: Uint8Array): Element {
  return field("PHOTO", field("TYPE", type), field("BINVAL", Buffer.from(data).toString("base64")));
}

const phoneKinds = {
  work: ["WORK", "VOICE"],
  mobile: ["WORK", "CELL"],
  home: ["HOME", "VOICE"],
  fax: ["WORK", "FAX"],
} as const;

function nameOf({ givenName, familyName }: Person): Element[] {
  if (!givenName && !familyName) return [];
  return [field("N", ...optional("FAMILY", familyName), ...optional("GIVEN", givenName))];
}

function organisationOf({ organisation, unit }: Person): Element[] {
  if (!organisation && !unit) return [];
  return [field("ORG", ...optional("ORGNAME", organisation), ...optional("ORGUNIT", unit))];
}

function optional(name: string, text: string | undefined): Element[] {
  return text ? [field(name, text)] : [];
}

function field(name: string, ...content: Node[]): Element {
  return tag(vcardTemp, name)({}, ...content);
}
