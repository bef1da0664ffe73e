import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Element } from "#xml/element.ts";
import { tags } from "./item.ts";

/** What a client wants to change: one contact, added or updated (RFC 6121 §2.3, §2.4) or removed (§2.5). */
export type RosterSet =
  | { readonly contact: Jid; readonly remove: true }
  | { readonly contact: Jid; readonly remove: false; readonly name: string; readonly groups: readonly string[] };

export interface RosterSetLimits {
  /** Bytes of a name, and of the name of a group. */
  readonly nameBytes: number;
  /** Groups of one contact. */
  readonly groups: number;
}

/** Reads a roster set. @throws StanzaError as RFC 6121 §2.3.3 and §2.5.3 name them */
export function readSet(payload: Element, limits: RosterSetLimits): RosterSet {
  const items = payload.all(tags.item);
  const item = items[0];
  if (item === undefined || items.length !== 1) throw new StanzaError("bad-request", oneContact);
  const contact = readContact(item.attrs.jid);
  // §2.1.2.5: a client may only ask for removal; any other value is the server's to say.
  if (item.attrs.subscription === "remove") return { contact, remove: true };
  const name = item.attrs.name ?? "";
  if (Buffer.byteLength(name) > limits.nameBytes) throw new StanzaError("not-acceptable", longName);
  return { contact, remove: false, name, groups: readGroups(item, limits) };
}

function readContact(text: string | undefined): Jid {
  if (text === undefined || text === "") throw new StanzaError("bad-request", noAddress);
  try {
    const jid = Jid.parse(text);
    if (!jid.isBare) throw new StanzaError("bad-request", fullAddress);
    return jid;
  } catch (problem) {
    if (problem instanceof JidError) throw new StanzaError("jid-malformed", badAddress);
    throw problem;
  }
}

function readGroups(item: Element, limits: RosterSetLimits): readonly string[] {
  const groups = item.all(tags.group).map((group) => group.text);
  if (groups.length > limits.groups) throw new StanzaError("not-acceptable", manyGroups);
  for (const group of groups) {
    if (group === "") throw new StanzaError("not-acceptable", emptyGroup);
    if (Buffer.byteLength(group) > limits.nameBytes) throw new StanzaError("not-acceptable", longGroup);
  }
  if (new Set(groups).size !== groups.length) throw new StanzaError("bad-request", sameGroup);
  return groups;
}

const oneContact = {
  en: "A change of the contact list names exactly one contact.",
  fr: "Une modification de la liste de contacts désigne exactement un contact.",
};
const noAddress = {
  en: "The contact has no address. Give its address, such as login@domain.",
  fr: "Le contact n'a pas d'adresse. Indiquez-la, sous la forme login@domaine.",
};
const badAddress = {
  en: "This is not a valid address. An address looks like login@domain.",
  fr: "Cette adresse n'est pas valide. Une adresse a la forme login@domaine.",
};
const fullAddress = {
  en: "The contact list holds people, not single clients. Leave out the slash and what follows it.",
  fr: "La liste contient des personnes, pas des clients isolés. Retirez la barre oblique et ce qui la suit.",
};
const longName = {
  en: "The name of this contact is too long. Choose a shorter one.",
  fr: "Le nom de ce contact est trop long. Choisissez-en un plus court.",
};
const manyGroups = {
  en: "This contact is in too many groups. Take it out of some.",
  fr: "Ce contact est dans trop de groupes. Retirez-le de quelques-uns.",
};
const emptyGroup = {
  en: "A group needs a name.",
  fr: "Un groupe doit avoir un nom.",
};
const longGroup = {
  en: "The name of a group is too long. Choose a shorter one.",
  fr: "Le nom d'un groupe est trop long. Choisissez-en un plus court.",
};
const sameGroup = {
  en: "The contact is put into the same group twice.",
  fr: "Le contact est placé deux fois dans le même groupe.",
};
