import { Jid } from "#jid/jid.ts";
import { detach } from "#xml/bytes.ts";

/**
 * One object for each address, in however many rosters it is: colleagues have the same contacts, and addresses are half
 * of what a roster weighs. Addresses that nobody holds any more go by themselves.
 */
export class Addresses {
  readonly #known = new Map<string, WeakRef<Jid>>();
  readonly #gone = new FinalizationRegistry<string>((text) => {
    if (this.#known.get(text)?.deref() === undefined) this.#known.delete(text);
  });

  /** The address of a text; undefined if it is none. The text is not kept, so it may share memory with a stream. */
  of(text: string): Jid | undefined {
    const known = this.#known.get(text)?.deref();
    if (known !== undefined) return known;
    const jid = Jid.tryParse(detach(text));
    if (jid === undefined) return undefined;
    const key = jid.toString();
    const same = this.#known.get(key)?.deref();
    if (same !== undefined) return same;
    this.#known.set(key, new WeakRef(jid));
    this.#gone.register(jid, key);
    return jid;
  }
}
