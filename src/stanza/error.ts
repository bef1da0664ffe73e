import { type Element, tag } from "#xml/element.ts";
import { explanations } from "./explanations.ts";
import { client, stanzaErrors } from "./namespaces.ts";
import { type Language, languageOf, type Text } from "./text.ts";

export type ErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** Every condition of RFC 6120 §8.3.3 with the type that it recommends there. */
export const conditions = {
  "bad-request": "modify",
  conflict: "cancel",
  "feature-not-implemented": "cancel",
  forbidden: "auth",
  gone: "cancel",
  "internal-server-error": "cancel",
  "item-not-found": "cancel",
  "jid-malformed": "modify",
  "not-acceptable": "modify",
  "not-allowed": "cancel",
  "not-authorized": "auth",
  "policy-violation": "modify",
  "recipient-unavailable": "wait",
  redirect: "modify",
  "registration-required": "auth",
  "remote-server-not-found": "cancel",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
  "service-unavailable": "cancel",
  "subscription-required": "auth",
  "undefined-condition": "cancel",
  "unexpected-request": "wait",
} as const satisfies Record<string, ErrorType>;

export type Condition = keyof typeof conditions;

export interface StanzaErrorOptions extends ErrorOptions {
  /** Where the recommended type does not fit. */
  readonly type?: ErrorType;
  /** An application-specific condition beside the defined one (RFC 6120 §8.3.4). */
  readonly detail?: Element;
  /** The new address, for `gone` and `redirect`: a URI (RFC 6120 §8.3.3.5, §8.3.3.14). */
  readonly uri?: string;
  /** Who refuses (RFC 6120 §8.3.1), where it is not the addressee. */
  readonly by?: string;
}

const error = tag(client, "error");
const text = tag(stanzaErrors, "text");

/** A refusal: thrown by whoever handles a stanza, sent to who sent it (RFC 6120 §8.3). */
export class StanzaError extends Error {
  override readonly name = "StanzaError";
  readonly condition: Condition;
  readonly type: ErrorType;
  readonly explanation: Text | undefined;
  readonly detail: Element | undefined;
  readonly uri: string | undefined;
  readonly by: string | undefined;

  constructor(condition: Condition, explanation?: Text, options: StanzaErrorOptions = {}) {
    super(explanation ? `${condition}: ${explanation.en}` : condition, options);
    this.condition = condition;
    this.type = options.type ?? conditions[condition];
    this.explanation = explanation;
    this.detail = options.detail;
    this.uri = options.uri;
    this.by = options.by;
  }

  /** The `<error/>` element; it always says why, in the language that `lang` (an `xml:lang` value) asks for. */
  toElement(lang?: string): Element {
    const language: Language = languageOf(lang);
    return error(
      { type: this.type, by: this.by },
      tag(stanzaErrors, this.condition)({}, ...(this.uri === undefined ? [] : [this.uri])),
      text({ "xml:lang": language }, (this.explanation ?? explanations[this.condition])[language]),
      ...(this.detail ? [this.detail] : []),
    );
  }
}

/** Reads the `<error/>` of a stanza of type error; `undefined-condition` where it is missing or unknown. */
export function readError(stanza: Element): StanzaError {
  const found = stanza.child(error);
  const condition = found?.elements.find((child) => child.ns === stanzaErrors && Object.hasOwn(conditions, child.name));
  const words = found?.child(text)?.text;
  return new StanzaError(
    (condition?.name as Condition | undefined) ?? "undefined-condition",
    words ? { en: words, fr: words } : undefined,
  );
}
