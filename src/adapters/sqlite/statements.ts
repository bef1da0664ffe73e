import { DatabaseError, type Query } from "#core/database.ts";
import { readsOnly, slotCount } from "./protocol.ts";

/** A statement as the main thread knows it. */
export interface KnownStatement {
  readonly text: string;
  readonly readsOnly: boolean;
  /** Its number in the worker, or -1. */
  slot: number;
  lastUse: number;
  columns: readonly string[];
}

/** Which statements the worker knows by number; the one unused for longest makes room for a new one. */
export class Statements {
  /** A template's array of texts is the same at each call: no text is put together for a statement that is known. */
  readonly #byTemplate = new WeakMap<readonly string[], KnownStatement>();
  readonly #byText = new Map<string, KnownStatement>();
  readonly #slots: KnownStatement[] = [];
  #uses = 0;

  /** Throws a DatabaseError ("invalid") for text that no placeholder can be told from. */
  find(query: Query): KnownStatement {
    const known = this.#byTemplate.get(query.text);
    if (known) return known;
    const text = query.text.join("?").trim();
    if (text.split("?").length !== query.text.length) {
      throw new DatabaseError("invalid", `a literal question mark, pass it as a value: ${text}`);
    }
    const statement = this.#byText.get(text) ?? { text, readsOnly: readsOnly(text), slot: -1, lastUse: 0, columns: [] };
    this.#byTemplate.set(query.text, statement);
    return statement;
  }

  /** Gives the statement a slot. Returns its text if the worker has to be told, else null. */
  place(statement: KnownStatement): string | null {
    statement.lastUse = ++this.#uses;
    if (statement.slot >= 0) return null;
    statement.slot = this.#slots.length < slotCount ? this.#slots.length : this.#evict();
    this.#slots[statement.slot] = statement;
    this.#byText.set(statement.text, statement);
    return statement.text;
  }

  #evict(): number {
    let oldest = this.#slots[0] as KnownStatement;
    for (const statement of this.#slots) if (statement.lastUse < oldest.lastUse) oldest = statement;
    const slot = oldest.slot;
    oldest.slot = -1;
    this.#byText.delete(oldest.text);
    return slot;
  }
}
