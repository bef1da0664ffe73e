import type { Jid } from "#jid/jid.ts";
import { delayed } from "#stanza/delay.ts";
import { store, unstored } from "#stanza/hints.ts";
import { body } from "#stanza/stanza.ts";
import { parseDateTime } from "#stanza/time.ts";
import type { Element } from "#xml/element.ts";

/** A message of the past. */
export interface Past {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `room@service/nick` of who said it. */
  readonly from: Jid;
  /** With the stamp of its moment. */
  readonly element: Element;
}

/** How much of the past a newcomer wants (XEP-0045 §7.2.14); what is left out has no limit. */
export interface Wanted {
  readonly stanzas: number;
  readonly characters: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Whether a message belongs to what newcomers see: something was said, and its sender does not mind (XEP-0334). */
export function memorable(message: Element): boolean {
  return !unstored(message) && (message.child(body) !== undefined || message.child(store) !== undefined);
}

/** A message as newcomers get it: stamped by the room (§7.2.13), keeping no larger memory alive. */
export function past(room: Jid, from: Jid, message: Element, at: number): Past {
  return { at, from, element: message.append(delayed(room, new Date(at))).compact() };
}

/** Messages written after which those that are too old are removed from the disk. */
const sweepAfter = 50;

/** The last messages of a room. */
export class History {
  #messages: readonly Past[] = [];
  #unswept = 0;

  get all(): readonly Past[] {
    return this.#messages;
  }

  /** Adds one, and forgets what is beyond the limit. */
  add(message: Past, limit: number): void {
    const kept =
      this.#messages.length >= limit ? this.#messages.slice(this.#messages.length - limit + 1) : this.#messages;
    this.#messages = limit === 0 ? [] : [...kept, message];
  }

  /** Counts messages that are written; true now and then: what is too old on disk can go, many at once. */
  sweeps(written: number): boolean {
    this.#unswept += written;
    if (this.#unswept < sweepAfter) return false;
    this.#unswept = 0;
    return true;
  }

  replace(before: Past, after: Past): void {
    this.#messages = this.#messages.map((one) => (one === before ? after : one));
  }

  limit(limit: number): void {
    if (this.#messages.length > limit) this.#messages = limit === 0 ? [] : this.#messages.slice(-limit);
  }

  /** The newest ones that fit all conditions, oldest first. */
  chosen({ stanzas, characters, since }: Wanted): readonly Past[] {
    let start = this.#messages.length;
    let left = characters;
    while (start > 0 && this.#messages.length - start < stanzas) {
      const one = this.#messages[start - 1]!;
      if (one.at < since) break;
      if (left !== Number.POSITIVE_INFINITY) left -= one.element.toString().length;
      if (left < 0) break;
      start--;
    }
    return this.#messages.slice(start);
  }
}

/** What a client asks for; numbers that are none count as left out. */
export function readWanted(history: Element | undefined, now: number): Wanted {
  const attrs = history?.attrs ?? {};
  const seconds = natural(attrs.seconds);
  const since = attrs.since === undefined ? undefined : parseDateTime(attrs.since)?.getTime();
  return {
    stanzas: natural(attrs.maxstanzas) ?? Number.POSITIVE_INFINITY,
    characters: natural(attrs.maxchars) ?? Number.POSITIVE_INFINITY,
    since: Math.max(
      seconds === undefined ? Number.NEGATIVE_INFINITY : now - seconds * 1000,
      since ?? Number.NEGATIVE_INFINITY,
    ),
  };
}

function natural(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined;
}
