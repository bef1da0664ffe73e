import { type Element, type Node, type Tag, tag } from "#xml/element.ts";
import { StanzaError } from "./error.ts";
import { dataForms, type Field, type FieldType, refused, value } from "./field.ts";
import { type Language, languageOf, type Text } from "./text.ts";

/** Most fields of a form that are read. */
const mostFields = 256;
/** Most values of one field that are read. */
const mostValues = 2000;

/** A form, a submission or a report (XEP-0004 §3). */
export const x: Tag = tag(dataForms, "x");
const title = tag(dataForms, "title");
const instructions = tag(dataForms, "instructions");
const field = tag(dataForms, "field");
const desc = tag(dataForms, "desc");
const required = tag(dataForms, "required");
const reported = tag(dataForms, "reported");
const item = tag(dataForms, "item");

/** The name of the field that says what a form is about (XEP-0068 §3.1). */
const formTypeField = "FORM_TYPE";

export type Fields = Readonly<Record<string, Field<unknown>>>;
/** The values of a form, by the names of its fields; headings have none. */
export type Values<Shape extends Fields> = {
  readonly [Name in keyof Shape as Shape[Name] extends Field<never> ? never : Name]: Shape[Name] extends Field<
    infer Value
  >
    ? Value
    : never;
};

/** What a form asks, in the languages of people. */
export interface Definition<Shape extends Fields> {
  readonly title: Text;
  readonly instructions?: readonly Text[];
  /** In the order in which people see them; a key is the field's `var`. */
  readonly fields: Shape;
}

/** A form that can be shown, and whose submission can be read: made by `form`. */
export interface Form<Shape extends Fields> {
  /** Its FORM_TYPE (XEP-0068). */
  readonly formType: string;
  /** The form to fill in (type `form`), these values in it, in the language that an `xml:lang` value asks for. */
  show(values: Partial<Values<Shape>>, lang?: string): Element;
  /** The values alone (type `result`), for reports and for service discovery (XEP-0128). */
  result(values: Partial<Values<Shape>>): Element;
  /** A submission filled in by a program (type `submit`). */
  submit(values: Partial<Values<Shape>>): Element;
  /**
   * What was submitted, checked. Fields that were left out are left out here: they keep their value (XEP-0004 §3.5).
   * Fields unknown to the form are ignored (§3.1).
   *
   * @throws StanzaError `bad-request` if it is no submission, or one of another form, or too large;
   *   `not-acceptable`, naming the field, if a value does not fit or a required field is missing
   */
  read(submission: Element): Partial<Values<Shape>>;
}

/** Describes a form once; it is then shown, read and reported from its description. */
export function form<const Shape extends Fields>(formType: string, definition: Definition<Shape>): Form<Shape> {
  const { fields } = definition;
  const filled = (type: string, values: Readonly<Record<string, unknown>>) =>
    x({ type }, formTypeElement(formType), ...written(fields, values));
  return {
    formType,
    show: (values, lang) => shown(formType, definition, values, languageOf(lang)),
    result: (values) => filled("result", values),
    submit: (values) => filled("submit", values),
    read: (submission) => checked(formType, fields, submission) as Partial<Values<Shape>>,
  };
}

/** The form among the children of a payload. */
export function formIn(payload: Element): Element | undefined {
  return payload.child(x);
}

/** Whether somebody gives a form up (XEP-0004 §3.1). */
export function isCancelled(submitted: Element): boolean {
  return submitted.attrs.type === "cancel";
}

/**
 * What a form is about: its FORM_TYPE. In a form or a result the field must be hidden, else it is no indicator
 * (XEP-0068 §4.3).
 */
export function formTypeOf(form: Element): string | undefined {
  const indicator = form.elements.find((child) => child.is(field) && child.attrs.var === formTypeField);
  if (indicator === undefined || (form.attrs.type !== "submit" && indicator.attrs.type !== "hidden")) return undefined;
  return indicator.child(value)?.text;
}

/**
 * The values of a form as they are, by field; FORM_TYPE is among them.
 *
 * @throws StanzaError `bad-request` beyond 256 fields or 2 000 values of one
 */
export function rawValues(form: Element): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const child of form.elements) {
    const name = child.attrs.var;
    if (!child.is(field) || name === undefined || child.attrs.type === "fixed") continue;
    const values = child.all(value).map((one) => one.text);
    if (found.size >= mostFields || values.length > mostValues) throw new StanzaError("bad-request", tooLarge);
    found.set(name, values);
  }
  return found;
}

/** A plain set of data (type `result`), such as extends service discovery (XEP-0128 §2). */
export function dataSet(formType: string, values: Readonly<Record<string, readonly string[]>>): Element {
  const fields = Object.entries(values).map(([name, list]) =>
    field({ var: name }, ...list.map((text) => value({}, text))),
  );
  return x({ type: "result" }, formTypeElement(formType), ...fields);
}

/** A column of a report. */
export interface Column {
  readonly label: Text;
  readonly type?: FieldType;
}

/** Several results in one form (XEP-0004 §3.4): the columns, then one item per row; missing values are empty. */
export function report<Name extends string>(
  columns: Readonly<Record<Name, Column>>,
  rows: readonly Readonly<Partial<Record<Name, string>>>[],
  lang?: string,
): Element {
  const language = languageOf(lang);
  const names = Object.keys(columns) as Name[];
  const head = names.map((name) =>
    field({ var: name, type: columns[name].type ?? "text-single", label: columns[name].label[language] }),
  );
  const items = rows.map((row) => item({}, ...names.map((name) => field({ var: name }, value({}, row[name] ?? "")))));
  return x({ type: "result" }, reported({}, ...head), ...items);
}

function shown<Shape extends Fields>(
  formType: string,
  definition: Definition<Shape>,
  values: Readonly<Record<string, unknown>>,
  language: Language,
): Element {
  const body: Node[] = [title({}, definition.title[language])];
  for (const text of definition.instructions ?? []) body.push(instructions({}, text[language]));
  body.push(formTypeElement(formType));
  for (const [name, one] of Object.entries(definition.fields)) body.push(blank(name, one, values[name], language));
  return x({ type: "form" }, ...body);
}

function blank(name: string, one: Field<unknown>, current: unknown, language: Language): Element {
  return field(
    { var: one.type === "fixed" ? undefined : name, type: one.type, label: one.label?.[language] },
    ...(one.description ? [desc({}, one.description[language])] : []),
    ...(one.required ? [required()] : []),
    ...one.extras(language),
    ...(current === undefined ? [] : one.write(current).map((text) => value({}, text))),
  );
}

function written(fields: Fields, values: Readonly<Record<string, unknown>>): Element[] {
  const elements: Element[] = [];
  for (const [name, one] of Object.entries(fields)) {
    const current = values[name];
    if (one.type === "fixed" || current === undefined) continue;
    elements.push(field({ var: name }, ...one.write(current).map((text) => value({}, text))));
  }
  return elements;
}

function checked(formType: string, fields: Fields, submission: Element): Record<string, unknown> {
  if (!submission.is(x) || submission.attrs.type !== "submit") throw new StanzaError("bad-request", noSubmission);
  const about = formTypeOf(submission);
  // XEP-0068 §4.1: without FORM_TYPE the context says which form it is; many clients leave it out.
  if (about !== undefined && about !== formType) throw new StanzaError("bad-request", anotherForm);
  const submitted = rawValues(submission);
  const values: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(fields)) {
    if (one.type === "fixed") continue;
    const label = one.label ?? { en: name, fr: name };
    const given = submitted.get(name);
    if (one.required && (given ?? []).every((text) => text === "")) throw refused(label, mustBeFilled);
    // A list without a choice keeps its value: there is no way to choose nothing of it.
    if (given === undefined || (one.type === "list-single" && given.length === 0)) continue;
    values[name] = one.read(given, label);
  }
  return values;
}

function formTypeElement(formType: string): Element {
  return field({ var: formTypeField, type: "hidden" }, value({}, formType));
}

const tooLarge = {
  en: "The form has too many fields or values.",
  fr: "Le formulaire contient trop de champs ou de valeurs.",
};
const noSubmission = {
  en: "A filled-in form (of type submit) is expected here.",
  fr: "Un formulaire rempli (de type submit) est attendu ici.",
};
const anotherForm = {
  en: "This is the answer to another form.",
  fr: "C'est la réponse à un autre formulaire.",
};
const mustBeFilled = { en: "must be filled in", fr: "doit être rempli" };
