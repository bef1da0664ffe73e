import type { Person } from "#core/people.ts";
import { Jid } from "#jid/jid.ts";
import { dataForms, line } from "#stanza/field.ts";
import { form, formIn, report } from "#stanza/form.ts";
import { languageOf, type Text } from "#stanza/text.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import type { Typed } from "./query.ts";

/** The namespace of XEP-0055. */
export const search = "jabber:iq:search";
export const searchQuery: Tag = tag(search, "query");
const instructions = tag(search, "instructions");
const formInstructions = tag(dataForms, "instructions");
const item = tag(search, "item");
/** The fields that clients without data forms know (XEP-0055 §2.1). */
const legacy = {
  first: tag(search, "first"),
  last: tag(search, "last"),
  nick: tag(search, "nick"),
  email: tag(search, "email"),
} as const;

const labels = {
  jid: { en: "Address", fr: "Adresse" },
  any: { en: "Name, login, e-mail or unit", fr: "Nom, login, courriel ou unité" },
  first: { en: "First name", fr: "Prénom" },
  last: { en: "Last name", fr: "Nom" },
  email: { en: "E-mail", fr: "Courriel" },
  unit: { en: "Unit", fr: "Unité" },
  login: { en: "Login", fr: "Login" },
  title: { en: "Function", fr: "Fonction" },
} satisfies Record<string, Text>;

const longest = 256;

/** The registered fields (XEP-0055 §7.2), and ours beside them: names need no `x-` any more (XEP-0068 §3.4). */
const searchForm = form(search, {
  title: { en: "People search", fr: "Recherche de personnes" },
  instructions: [
    {
      en: "Fill in one or more fields. Parts of words will do, with or without accents.",
      fr: "Remplissez un ou plusieurs champs. Des parties de mots suffisent, avec ou sans accents.",
    },
  ],
  fields: {
    any: line(labels.any, { longest }),
    last: line(labels.last, { longest }),
    first: line(labels.first, { longest }),
    email: line(labels.email, { longest }),
    unit: line(labels.unit, { longest }),
    nick: line(labels.login, { longest }),
  },
});

/** What can be searched for, in both ways of asking (XEP-0055 §2.1, §3). */
export function fieldsOf(lang: string | undefined): Element {
  return searchQuery(
    {},
    instructions({}, fillIn[languageOf(lang)]),
    ...Object.values(legacy).map((field) => field()),
    searchForm.show({}, lang),
  );
}

/** What somebody asks for. @throws StanzaError if the form is none of ours */
export function readTyped(query: Element): Typed {
  const submitted = formIn(query);
  if (submitted === undefined) {
    const text = (name: keyof typeof legacy) => (query.child(legacy[name])?.text ?? "").slice(0, longest);
    return { first: text("first"), last: text("last"), mail: text("email"), login: text("nick") };
  }
  const { any, unit, first, last, email, nick } = searchForm.read(submitted);
  return Object.fromEntries(
    Object.entries({ any, first, last, mail: email, unit, login: nick }).filter(([, text]) => text !== undefined),
  );
}

/** People found, in the way that was asked. `more`: there were more of them. */
export interface Found {
  readonly people: readonly Person[];
  readonly more: boolean;
  readonly domain: string;
}

/** The answer to a search: a report if a form was submitted, else items (XEP-0055 §2.1, §3); empty for nobody. */
export function resultOf(query: Element, found: Found, lang: string | undefined): Element {
  if (found.people.length === 0) return searchQuery();
  if (formIn(query) === undefined)
    return searchQuery({}, ...found.people.map((person) => itemOf(person, found.domain)));
  const hint = found.more ? [formInstructions({}, more(found.people.length)[languageOf(lang)])] : [];
  return searchQuery({}, searchForm.result({}).append(...hint, ...reportOf(found, lang).elements));
}

function itemOf(person: Person, domain: string): Element {
  const { first, last, email } = namesOf(person);
  return item(
    { jid: addressOf(person, domain) },
    legacy.first({}, first),
    legacy.last({}, last),
    legacy.nick({}, person.user),
    legacy.email({}, email),
  );
}

/** The address is the first column: libpurple adds a contact by the text that is there. */
function reportOf({ people, domain }: Found, lang: string | undefined): Element {
  const columns = {
    jid: { label: labels.jid, type: "jid-single" },
    last: { label: labels.last },
    first: { label: labels.first },
    email: { label: labels.email },
    unit: { label: labels.unit },
    title: { label: labels.title },
  } as const;
  const rows = people.map((person) => ({
    jid: addressOf(person, domain),
    ...namesOf(person),
    unit: person.unit ?? "",
    title: person.title ?? "",
  }));
  return report(columns, rows, lang);
}

function namesOf({ givenName, familyName, displayName, mail }: Person) {
  return { first: givenName ?? "", last: familyName ?? displayName, email: mail[0] ?? "" };
}

function addressOf(person: Person, domain: string): string {
  return Jid.of(person.user, domain).toString();
}

const fillIn = {
  en: "Fill in one or more fields. Parts of words will do; the nickname is the login.",
  fr: "Remplissez un ou plusieurs champs. Des parties de mots suffisent ; le pseudonyme est le login.",
};

function more(shown: number): Text {
  return {
    en: `Only the first ${shown} people are shown. Fill in more fields to find others.`,
    fr: `Seules les ${shown} premières personnes sont affichées. Précisez la recherche pour en trouver d'autres.`,
  };
}
