import { createHash } from "node:crypto";
import type { Jid } from "#jid/jid.ts";
import { type Element, tag } from "#xml/element.ts";

export const hatsNamespace = "urn:xmpp:hats:0";
const hatsTag = tag(hatsNamespace, "hats");
const hatTag = tag(hatsNamespace, "hat");

/** Something that a room calls people beside their role: a teacher, a minute-taker (XEP-0317). */
export interface Hat {
  readonly uri: string;
  readonly title: string;
  /** An angle of the colour circle, from 0 to 360; "" for none. */
  readonly hue: string;
  /** The language of the title; "" where it is not known. */
  readonly lang: string;
}

/** The hats of a room, and who wears them: people, whether they are there or not. */
export class RoomHats {
  readonly #hats = new Map<string, Hat>();
  /** URIs by bare JID. */
  readonly #worn = new Map<string, readonly string[]>();

  get all(): readonly Hat[] {
    return [...this.#hats.values()];
  }

  get(uri: string): Hat | undefined {
    return this.#hats.get(uri);
  }

  put(hat: Hat): void {
    this.#hats.set(hat.uri, hat);
  }

  /** Nobody wears it any more. */
  remove(uri: string): void {
    this.#hats.delete(uri);
    for (const jid of [...this.#worn.keys()]) this.takeOff(jid, uri);
  }

  /** @param jid a bare JID */
  wear(jid: string, uri: string): void {
    if (!this.wears(jid, uri)) this.#worn.set(jid, [...(this.#worn.get(jid) ?? []), uri]);
  }

  takeOff(jid: string, uri: string): void {
    const left = (this.#worn.get(jid) ?? []).filter((one) => one !== uri);
    if (left.length > 0) this.#worn.set(jid, left);
    else this.#worn.delete(jid);
  }

  wears(jid: string, uri: string): boolean {
    return this.#worn.get(jid)?.includes(uri) === true;
  }

  /** Of one person. */
  of(jid: Jid): readonly Hat[] {
    return (this.#worn.get(jid.bare.toString()) ?? []).map((uri) => this.#hats.get(uri)!);
  }

  /** Who wears a hat, or any. */
  wearers(uri?: string): { readonly jid: string; readonly hat: Hat }[] {
    return [...this.#worn].flatMap(([jid, uris]) =>
      uris.filter((one) => uri === undefined || one === uri).map((one) => ({ jid, hat: this.#hats.get(one)! })),
    );
  }

  /** What the presence of somebody says (§3.1); undefined without hats. */
  element(jid: Jid): Element | undefined {
    if (this.#worn.size === 0) return undefined;
    const hats = this.of(jid);
    if (hats.length === 0) return undefined;
    return hatsTag(
      {},
      ...hats.map(({ uri, title, hue, lang }) =>
        hatTag({ title, uri, hue: hue || undefined, "xml:lang": lang || undefined }),
      ),
    );
  }

  /** Changes with the list of hats (§2); undefined without hats. */
  get hash(): string | undefined {
    if (this.#hats.size === 0) return undefined;
    const texts = this.all.map(({ uri, title, hue }) => JSON.stringify([uri, title, hue])).sort();
    return createHash("sha1").update(texts.join("\n")).digest("hex");
  }
}
