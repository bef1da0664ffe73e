import { detach, toBytes } from "./bytes.ts";
import { Element } from "./element.ts";
import type { Attributes } from "./names.ts";
import { escapeValue, writeHead } from "./write.ts";

/** One element for many: all but the attribute `to` is put together, and written, once. */
export class Copies {
  /** The element without `to`. */
  readonly element: Element;
  #scope: string | undefined;
  #before = "";
  #after = "";

  constructor(element: Element) {
    this.element = element.attrs.to === undefined ? element : element.with({ to: undefined });
  }

  /** The copy for one of them. */
  to(address: string): Element {
    return new Copy(this, address);
  }

  /** The bytes of one copy. Only for src/xml. */
  wire(address: string, scope: string): string {
    if (this.#scope !== scope) this.#write(scope);
    return this.#before + escapeValue(address) + this.#after;
  }

  #write(scope: string): void {
    const { element } = this;
    const inner = element.content.wire();
    // In one piece each: they are put together once, and read for each copy.
    this.#before = detach(`${writeHead(element, scope)} to='`);
    this.#after = detach(inner === "" ? "'/>" : `'>${inner}</${toBytes(element.name)}>`);
    this.#scope = scope;
  }
}

/** Its attributes are put together where somebody looks at them. */
class Copy extends Element {
  readonly #copies: Copies;
  readonly #to: string;
  #attrs: Attributes | undefined;

  constructor(copies: Copies, to: string) {
    const { ns, name, content } = copies.element;
    super(ns, name, undefined, content);
    this.#copies = copies;
    this.#to = to;
  }

  override get attrs(): Readonly<Record<string, string>> {
    this.#attrs ??= this.#copies.element.with({ to: this.#to }).attrs;
    return this.#attrs;
  }

  override wire(scope = ""): string {
    return this.#copies.wire(this.#to, scope);
  }
}
