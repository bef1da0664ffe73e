import type { Jid } from "#jid/jid.ts";
import { Copies } from "#xml/copies.ts";
import { type Element, type Node, type Tag, tag } from "#xml/element.ts";
import { StanzaError } from "./error.ts";
import { client } from "./namespaces.ts";

export type Kind = "message" | "presence" | "iq";

const messageTypes: ReadonlySet<string> = new Set(["chat", "error", "groupchat", "headline", "normal"]);
const presenceTypes: ReadonlySet<string> = new Set([
  "error",
  "probe",
  "subscribe",
  "subscribed",
  "unavailable",
  "unsubscribe",
  "unsubscribed",
]);
const iqTypes: ReadonlySet<string> = new Set(["error", "get", "result", "set"]);

export const message: Tag = tag(client, "message");
export const presence: Tag = tag(client, "presence");
export const iq: Tag = tag(client, "iq");
export const body: Tag = tag(client, "body");
export const thread: Tag = tag(client, "thread");
const entry = tag("http://jabber.org/protocol/muc", "x");

/** Which stanza an element is; undefined for anything else (RFC 6120 §8). */
export function kindOf(element: Element): Kind | undefined {
  if (element.ns !== client) return undefined;
  const name = element.name;
  return name === "message" || name === "presence" || name === "iq" ? name : undefined;
}

/**
 * An addressed stanza with prepared addresses: an immutable value. Its element is in `jabber:client` and carries the
 * same `from` and `to`.
 */
export class Stanza<K extends Kind = Kind> {
  readonly kind: K;
  readonly element: Element;
  readonly from: Jid;
  readonly to: Jid;
  /** The type, with the default where it is left out: "normal" for a message, "" for an available presence. */
  readonly type: string;

  private constructor(kind: K, element: Element, from: Jid, to: Jid, type = typeOf(kind, element.attrs.type)) {
    this.kind = kind;
    this.element = element;
    this.from = from;
    this.to = to;
    this.type = type;
  }

  /** Makes a stanza of an element; its addresses are set to the ones given. */
  static of<K extends Kind>(kind: K, element: Element, from: Jid, to: Jid): Stanza<K> {
    const attrs = element.attrs;
    const sender = from.toString();
    const addressee = to.toString();
    const addressed =
      attrs.from === sender && attrs.to === addressee ? element : element.with({ from: sender, to: addressee });
    return new Stanza(kind, addressed, from, to);
  }

  /** Makes one stanza for many: what they have in common is put together, and written, once. */
  static toMany<K extends Kind>(kind: K, element: Element, from: Jid): (to: Jid) => Stanza<K> {
    const copies = new Copies(element.with({ from: from.toString() }));
    const type = typeOf(kind, element.attrs.type);
    return (to) => new Stanza(kind, copies.to(to.toString()), from, to, type);
  }

  get id(): string | undefined {
    return this.element.attrs.id;
  }

  get lang(): string | undefined {
    return this.element.attrs["xml:lang"];
  }

  is<T extends Kind>(kind: T): this is Stanza<T> {
    return (this.kind as Kind) === kind;
  }

  /** The payload of an IQ: its one child element (RFC 6120 §8.2.3). */
  get payload(): Element | undefined {
    return this.element.elements[0];
  }

  /** The same stanza with a changed element; the addresses stay. */
  map(change: (element: Element) => Element): Stanza<K> {
    return Stanza.of(this.kind, change(this.element), this.from, this.to);
  }

  /** The same stanza to another address; its content is shared. */
  toward(to: Jid): Stanza<K> {
    return Stanza.of(this.kind, this.element, this.from, to);
  }

  /** The result of an IQ (RFC 6120 §8.2.3), or an answer of the same type to a message. */
  reply(...children: Node[]): Stanza<K> {
    const type = this.kind === "iq" ? "result" : this.element.attrs.type;
    const head = tag(client, this.kind)(
      { type, id: this.id, from: this.to.toString(), to: this.from.toString() },
      ...children,
    );
    return new Stanza(this.kind, head, this.to, this.from);
  }

  /**
   * The error that answers this stanza; `lang` picks its language where the stanza names none. It gives back by what some
   * clients know what has failed (RFC 6120 §8.3.1): the words of a message, the wish to enter a room (XEP-0045 §7.2).
   */
  error(error: StanzaError, lang?: string): Stanza<K> {
    const head = tag(client, this.kind)(
      { type: "error", id: this.id, from: this.to.toString(), to: this.from.toString() },
      ...this.#knownBy(),
      error.toElement(this.lang ?? lang),
    );
    return new Stanza(this.kind, head, this.to, this.from);
  }

  #knownBy(): Element[] {
    if (this.kind === "message") return this.element.elements.filter((child) => child.is(body) || child.is(thread));
    // Without its content: there may be a password.
    return this.kind === "presence" && this.element.child(entry) ? [entry()] : [];
  }
}

export type Message = Stanza<"message">;
export type Presence = Stanza<"presence">;
export type Iq = Stanza<"iq">;

function typeOf(kind: Kind, type: string | undefined): string {
  if (kind === "message") return type !== undefined && messageTypes.has(type) ? type : "normal"; // RFC 6121 §5.2.2
  return type ?? "";
}

/**
 * Refuses what no handler should see: an unknown type of presence or IQ, an IQ without id, a request without exactly
 * one payload (RFC 6120 §8.2.3, RFC 6121 §4.7.1).
 *
 * @throws StanzaError `bad-request`
 */
export function checkShape(stanza: Stanza): void {
  if (stanza.kind === "presence") {
    if (stanza.type !== "" && !presenceTypes.has(stanza.type))
      throw malformed("Unknown type of presence.", "Type de présence inconnu.");
  } else if (stanza.kind === "iq") {
    if (!iqTypes.has(stanza.type))
      throw malformed("An IQ is of type get, set, result or error.", "Un IQ est de type get, set, result ou error.");
    if (stanza.id === undefined) throw malformed("An IQ needs an id.", "Un IQ doit porter un id.");
    const count = stanza.element.elements.length;
    if (isRequest(stanza) ? count !== 1 : stanza.type === "result" && count > 1) {
      throw malformed("An IQ request holds exactly one element.", "Une requête IQ contient exactement un élément.");
    }
  }
}

/** Whether an IQ must be answered (RFC 6120 §8.2.3). */
export function isRequest(stanza: Stanza): boolean {
  return stanza.kind === "iq" && (stanza.type === "get" || stanza.type === "set");
}

function malformed(en: string, fr: string): StanzaError {
  return new StanzaError("bad-request", { en, fr });
}
