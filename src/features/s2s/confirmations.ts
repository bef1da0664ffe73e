import { randomBytes } from "node:crypto";
import { iq, type Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import type { Pair } from "./pair.ts";

const ping = tag("urn:xmpp:ping", "ping");

interface Open {
  readonly pair: Pair;
  readonly answered: () => void;
}

/**
 * Questions to servers that acknowledge nothing (XEP-0199): whatever the answer is, what was written before the question
 * has been handled. The answer may come on another stream.
 */
export class Confirmations {
  readonly #open = new Map<string, Open>();

  /** A question to write; `answered` is called once, if ever. */
  ask(pair: Pair, answered: () => void): { readonly id: string; readonly question: Element } {
    const id = randomBytes(12).toString("hex");
    this.#open.set(id, { pair, answered });
    return { id, question: iq({ type: "get", id, from: pair.local, to: pair.remote }, ping()) };
  }

  /** Whether a stanza was the answer to a question: then it is for nobody else. */
  take({ kind, type, id = "", from, to }: Stanza): boolean {
    if (kind !== "iq" || (type !== "result" && type !== "error")) return false;
    const open = this.#open.get(id);
    if (open === undefined || !from.isDomain || from.domain !== open.pair.remote || to.domain !== open.pair.local)
      return false;
    this.#open.delete(id);
    open.answered();
    return true;
  }

  /** No answer is waited for any more. */
  forget(id: string): void {
    this.#open.delete(id);
  }
}
