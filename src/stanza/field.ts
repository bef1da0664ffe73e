import { Jid, JidError } from "#jid/jid.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { StanzaError } from "./error.ts";
import type { Language, Text } from "./text.ts";

/** The namespace of Data Forms (XEP-0004). */
export const dataForms = "jabber:x:data";
/** The namespace of Data Forms Validation (XEP-0122). */
export const formValidation = "http://jabber.org/protocol/xdata-validate";

/** The types of XEP-0004 §3.3. */
export type FieldType =
  | "boolean"
  | "fixed"
  | "hidden"
  | "jid-multi"
  | "jid-single"
  | "list-multi"
  | "list-single"
  | "text-multi"
  | "text-private"
  | "text-single";

/**
 * A field of a form: how its value is written, and read back from what somebody submits. Made by `flag`, `line` and
 * the others of this file.
 */
export interface Field<Value> {
  readonly type: FieldType;
  readonly label: Text | undefined;
  readonly description: Text | undefined;
  readonly required: boolean;
  /** What else the field says in an empty form: options, validation. */
  extras(language: Language): readonly Element[];
  write(value: Value): readonly string[];
  /** @throws StanzaError `not-acceptable`, naming the field by `label` */
  read(values: readonly string[], label: Text): Value;
}

/** What people read about a field, and whether it must be filled in. */
export interface FieldOptions {
  readonly description?: Text;
  readonly required?: boolean;
}

/** Limits on a text, in UTF-16 code units. */
export interface TextOptions extends FieldOptions {
  readonly longest?: number;
}

const option: Tag = tag(dataForms, "option");
/** Holds a value of a field or of an option. */
export const value: Tag = tag(dataForms, "value");
const validate = tag(formValidation, "validate");
const basic = tag(formValidation, "basic");
const range = tag(formValidation, "range");

const nothing: readonly Element[] = [];
const none = () => nothing;

/** Yes or no (`boolean`). Submitted without a value it means no (XEP-0004 §3.3). */
export function flag(label: Text, options: FieldOptions = {}): Field<boolean> {
  return {
    ...described("boolean", label, options),
    extras: none,
    write: (yes) => [yes ? "1" : "0"],
    read(values, name) {
      const text = single(values, name).trim();
      if (text === "1" || text === "true") return true;
      if (text === "0" || text === "false" || text === "") return false;
      throw refused(name, { en: "must be yes or no", fr: "doit être oui ou non" });
    },
  };
}

/** One line of text (`text-single`); "" where it is left empty. Default limit: 1 024 characters. */
export function line(label: Text, options: TextOptions = {}): Field<string> {
  return lineOf("text-single", label, options);
}

/** One line that is not shown while it is typed (`text-private`). Default limit: 1 024 characters. */
export function secret(label: Text, options: TextOptions = {}): Field<string> {
  return lineOf("text-private", label, options);
}

function lineOf(type: FieldType, label: Text, options: TextOptions): Field<string> {
  const longest = options.longest ?? 1024;
  return {
    ...described(type, label, options),
    extras: none,
    write: (text) => [text],
    read(values, name) {
      const text = single(values, name);
      if (/[\r\n]/.test(text))
        throw refused(name, { en: "must be a single line", fr: "doit tenir sur une seule ligne" });
      return bounded(text, longest, name);
    },
  };
}

/** Several lines (`text-multi`), joined by newlines. Default limit: 16 384 characters. */
export function lines(label: Text, options: TextOptions = {}): Field<string> {
  const longest = options.longest ?? 16_384;
  return {
    ...described("text-multi", label, options),
    extras: none,
    write: (text) => text.split(/\r\n|\r|\n/),
    read: (values, name) => bounded(values.join("\n").replace(/\r\n?/g, "\n"), longest, name),
  };
}

/** What is returned with the form unseen (`hidden`). Default limit: 1 024 characters. */
export function hidden(options: TextOptions = {}): Field<string> {
  const longest = options.longest ?? 1024;
  return {
    ...described("hidden", undefined, options),
    extras: none,
    write: (text) => [text],
    read: (values, name) => bounded(single(values, name), longest, name),
  };
}

/** A heading between fields (`fixed`); has no value. */
export function heading(text: Text): Field<never> {
  return {
    ...described("fixed", undefined, {}),
    extras: (language) => [value({}, text[language])],
    write: () => [],
    read(_values, name) {
      throw refused(name, { en: "cannot be changed", fr: "ne peut pas être modifié" });
    },
  };
}

/** One of several (`list-single`): the values with what people read for each. */
export function choice<const Value extends string>(
  label: Text,
  choices: Readonly<Record<Value, Text>>,
  options: FieldOptions = {},
): Field<Value> {
  return {
    ...described("list-single", label, options),
    extras: (language) => optionsOf(choices, language),
    write: (chosen) => [chosen],
    read: (values, name) => chosenOf(single(values, name), choices, name),
  };
}

/** Any of several (`list-multi`), each once, in the order of the options. */
export function choices<const Value extends string>(
  label: Text,
  offered: Readonly<Record<Value, Text>>,
  options: FieldOptions = {},
): Field<readonly Value[]> {
  return {
    ...described("list-multi", label, options),
    extras: (language) => optionsOf(offered, language),
    write: (chosen) => chosen,
    read(values, name) {
      const chosen = new Set(values.map((text) => chosenOf(text, offered, name)));
      return (Object.keys(offered) as Value[]).filter((one) => chosen.has(one));
    },
  };
}

/** An address (`jid-single`); undefined where it is left empty. */
export function address(label: Text, options: FieldOptions = {}): Field<Jid | undefined> {
  return {
    ...described("jid-single", label, options),
    extras: none,
    write: (jid) => (jid === undefined ? [] : [jid.toString()]),
    read(values, name) {
      const text = single(values, name).trim();
      return text === "" ? undefined : addressOf(text, name);
    },
  };
}

/** Addresses (`jid-multi`), duplicates and empty ones left out. Default limit: 500. */
export function addresses(label: Text, options: FieldOptions & { readonly most?: number } = {}): Field<readonly Jid[]> {
  const most = options.most ?? 500;
  return {
    ...described("jid-multi", label, options),
    extras: none,
    write: (jids) => jids.map((jid) => jid.toString()),
    read(values, name) {
      const found = new Map<string, Jid>();
      for (const text of values) {
        if (text.trim() === "") continue;
        const jid = addressOf(text.trim(), name);
        found.set(jid.toString(), jid);
      }
      if (found.size <= most) return [...found.values()];
      throw refused(name, { en: `takes at most ${most} addresses`, fr: `accepte au plus ${most} adresses` });
    },
  };
}

/** A whole number (`text-single` with the validation of XEP-0122), bounds included. */
export function count(
  label: Text,
  bounds: { readonly least: number; readonly most: number },
  options: FieldOptions = {},
): Field<number> {
  const { least, most } = bounds;
  const validation = validate(
    { datatype: "xs:integer" },
    Number.isFinite(most) ? range({ min: least.toString(), max: most.toString() }) : basic(),
  );
  return {
    ...described("text-single", label, options),
    extras: () => [validation],
    write: (number) => [number.toString()],
    read(values, name) {
      const text = single(values, name).trim();
      const number = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (number >= least && number <= most) return number;
      throw refused(name, {
        en: `must be a whole number from ${least} to ${most}`,
        fr: `doit être un nombre entier de ${least} à ${most}`,
      });
    },
  };
}

function described(type: FieldType, label: Text | undefined, options: FieldOptions) {
  return { type, label, description: options.description, required: options.required ?? false };
}

function optionsOf(choices: Readonly<Record<string, Text>>, language: Language): readonly Element[] {
  return Object.entries(choices).map(([one, label]) => option({ label: label[language] }, value({}, one)));
}

function chosenOf<Value extends string>(text: string, choices: Readonly<Record<Value, Text>>, name: Text): Value {
  if (Object.hasOwn(choices, text)) return text as Value;
  throw refused(name, { en: "must be one of the choices offered", fr: "doit être l'un des choix proposés" });
}

function addressOf(text: string, name: Text): Jid {
  try {
    return Jid.parse(text);
  } catch (problem) {
    if (!(problem instanceof JidError)) throw problem;
    throw refused(name, {
      en: "must be an address such as login@example.com",
      fr: "doit être une adresse telle que login@example.com",
    });
  }
}

function single(values: readonly string[], name: Text): string {
  if (values.length <= 1) return values[0] ?? "";
  throw refused(name, { en: "takes a single value", fr: "n'accepte qu'une seule valeur" });
}

function bounded(text: string, longest: number, name: Text): string {
  if (text.length <= longest) return text;
  throw refused(name, { en: `takes at most ${longest} characters`, fr: `accepte au plus ${longest} caractères` });
}

/** A refusal that names the field (XEP-0004 §4). */
export function refused(label: Text, why: Text): StanzaError {
  return new StanzaError("not-acceptable", {
    en: `The field “${label.en}” ${why.en}.`,
    fr: `Le champ « ${label.fr} » ${why.fr}.`,
  });
}
