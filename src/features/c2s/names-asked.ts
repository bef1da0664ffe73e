import { Recent } from "#collections/recent.ts";
import type { Faces } from "#core/faces.ts";
import type { Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";

/** Requests that one client may have under way to other names than the one it uses. */
const mostAsked = 100;

/**
 * The requests of one client to its domain's other names: `jabber.example.com` asked by somebody at `example.com`. A client
 * only takes an answer that comes from the address it asked (RFC 6120 §8.1.2.1, §8.2.3).
 */
export class NamesAsked {
  readonly #faces: Faces;
  #asked: Recent<string> | undefined;

  constructor(faces: Faces) {
    this.#faces = faces;
  }

  /** The client sends a request, as it came; `face` is the name that the client uses. */
  note({ attrs, name }: Element, face: string): void {
    const { to, type, id } = attrs;
    if (name !== "iq" || (type !== "get" && type !== "set") || to === undefined || id === undefined) return;
    const asked = this.#faces.nameIn(to);
    if (asked === undefined || asked === face) return void this.#asked?.delete(id);
    this.#asked ??= new Recent(mostAsked);
    this.#asked.set(id, asked);
  }

  /** An answer goes to the client: the name that it asked, where that is not the one it uses. */
  take(stanza: Stanza): string | undefined {
    if (this.#asked === undefined || stanza.kind !== "iq" || stanza.id === undefined) return undefined;
    return stanza.type === "result" || stanza.type === "error" ? this.#asked.take(stanza.id) : undefined;
  }
}
