import { SaslError } from "#sasl/error.ts";
import { begin, type Exchange, offered, type SaslContext, type SaslStep } from "#sasl/mechanisms.ts";
import { languageOf } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import * as tags from "./tags.ts";

/** The SASL negotiation of one stream (RFC 6120 §6): at most one exchange at a time. */
export class Authentication {
  readonly #context: SaslContext;
  readonly #plain: boolean;
  #exchange: Exchange | undefined;

  constructor(context: SaslContext, plain: boolean) {
    this.#context = context;
    this.#plain = plain;
  }

  /** What is offered: the mechanisms (RFC 6120 §6.3.3) and the types of channel binding (XEP-0440 §3). */
  offer(): Element[] {
    const names = offered(this.#context, { plain: this.#plain });
    const types = this.#context.bindingTypes.map((type) => tags.channelBinding({ type }));
    return [
      tags.mechanisms({}, ...names.map((name) => tags.mechanism({}, name))),
      ...(types.length > 0 ? [tags.channelBindings({}, ...types)] : []),
    ];
  }

  /** The user that the exchange under way claims to be, for the log. */
  get claimed(): string | undefined {
    return this.#exchange?.user;
  }

  /** Takes `<auth/>`, `<response/>` or `<abort/>`. @throws SaslError: the exchange is over, another may begin. */
  async take(element: Element): Promise<SaslStep> {
    if (element.is(tags.abort)) {
      this.#exchange = undefined;
      throw new SaslError("aborted"); // RFC 6120 §6.5.1
    }
    if (element.is(tags.auth)) {
      if (this.#exchange) throw this.#over("malformed-request", "An authentication is under way");
      this.#exchange = begin(element.attrs.mechanism ?? "", this.#context, { plain: this.#plain });
    }
    if (this.#exchange === undefined) throw new SaslError("malformed-request", "No authentication is under way");
    try {
      const step = await this.#exchange.step(decode(element.text));
      if (step.kind === "success") this.#exchange = undefined;
      return step;
    } catch (error) {
      this.#exchange = undefined;
      throw error;
    }
  }

  #over(...reason: ConstructorParameters<typeof SaslError>): SaslError {
    this.#exchange = undefined;
    return new SaslError(...reason);
  }
}

/** Base64 as RFC 6120 §6.4.2 wants it: `=` stands for an empty response that is there. @throws SaslError */
function decode(text: string): Uint8Array {
  if (text === "" || text === "=") return new Uint8Array(0);
  if (text.length > 8192 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new SaslError("incorrect-encoding"); // §6.5.5
  }
  return Buffer.from(text, "base64");
}

export function encode(data: Uint8Array | undefined): string {
  return data === undefined ? "" : data.length === 0 ? "=" : Buffer.from(data).toString("base64");
}

/** `<failure/>` (RFC 6120 §6.5). */
export function failed(error: SaslError, lang: string | undefined): Element {
  const said = error.words ?? (error.condition === "not-authorized" && error.text === undefined ? refused : undefined);
  const language = said === undefined ? "en" : languageOf(lang);
  const words = said?.[language] ?? error.text;
  return tags.failure(
    {},
    tag(tags.saslNamespace, error.condition)(),
    ...(words ? [tag(tags.saslNamespace, "text")({ "xml:lang": language }, words)] : []),
  );
}

/** Does not say which of the two, lest it tell who has an account (RFC 6120 §6.5.10). */
const refused = {
  en: "The login or the password is wrong.",
  fr: "L'identifiant ou le mot de passe est incorrect.",
};
