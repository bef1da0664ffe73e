import { Jid } from "#jid/jid.ts";
import { delayed } from "#stanza/delay.ts";
import { store, unstored } from "#stanza/hints.ts";
import { body } from "#stanza/stanza.ts";
import { parseDateTime } from "#stanza/time.ts";
import { detach } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { user } from "./tags.ts";

/** What newcomers get of a message: stamped by the room (XEP-0045 §7.2.13), without what only some may know. */
export interface Shown {
  readonly element: Element;
  /** `room@service/nick` of who said it. */
  readonly from: Jid;
}

/**
 * A message of the past. In a busy room most are forgotten before anybody enters: they are kept as text, and become
 * elements when somebody gets them.
 */
export class Past {
  /** The id that the room has given it. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Whether the room's archive has it, too. */
  readonly archived: boolean;
  /** The message as the archive has it. */
  readonly text: string;
  #shown: Shown | undefined;

  /** @param text the message as the archive has it, from `room@service/nick` */
  constructor(id: number, at: number, text: string, archived: boolean) {
    this.id = id;
    this.at = at;
    this.archived = archived;
    this.text = detach(text);
  }

  show(room: Jid): Shown {
    this.#shown ??= this.#prepare(room);
    return this.#shown;
  }

  #prepare(room: Jid): Shown {
    const said = parseText(this.text);
    const element = said
      .without(user)
      .append(delayed(room, new Date(this.at)))
      .compact();
    return { element, from: Jid.parse(element.attrs.from!) };
  }
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

/** Characters of the messages of one room that are in memory; one message may be longer. */
const mostCharacters = 500_000;

/** The last messages of a room, in memory. */
export class History {
  /** Whether all are here that the archive has; else those that were said since. */
  complete = true;
  /** Grows with each message that is changed. */
  version = 0;
  #messages: Past[] = [];

  get all(): readonly Past[] {
    return this.#messages;
  }

  /** Adds one, and forgets what is beyond the limit. */
  add(message: Past, limit: number): void {
    this.#messages.push(message);
    this.limit(limit);
  }

  replace(before: Past, after: Past): void {
    this.#messages = this.#messages.map((one) => (one === before ? after : one));
    this.version++;
  }

  /** Keeps so many at most, and fewer where they are long. */
  limit(limit: number): void {
    let start = this.#messages.length;
    let left = mostCharacters;
    while (start > 0 && this.#messages.length - start < limit) {
      left -= this.#messages[start - 1]!.text.length;
      if (left < 0 && start < this.#messages.length) break;
      start--;
    }
    if (start > 0) this.#messages.splice(0, start);
  }

  /** Lets go of what the archive has. */
  forget(): void {
    this.#messages = this.#messages.filter(({ archived }) => !archived);
    this.complete = false;
  }

  /** Takes what the archive has back, beside what was said since. */
  complement(older: readonly Past[], limit: number): void {
    const known = new Set(this.#messages.map(({ id }) => id));
    const all = [...older.filter(({ id }) => !known.has(id)), ...this.#messages];
    this.#messages = all.sort((one, other) => one.id - other.id);
    this.limit(limit);
    this.complete = true;
  }

  /** The newest ones that fit all conditions, oldest first, as newcomers of a room get them. */
  chosen({ stanzas, characters, since }: Wanted, room: Jid): readonly Shown[] {
    let start = this.#messages.length;
    let left = characters;
    while (start > 0 && this.#messages.length - start < stanzas) {
      const one = this.#messages[start - 1]!;
      if (one.at < since) break;
      if (left !== Number.POSITIVE_INFINITY) left -= one.show(room).element.toString().length;
      if (left < 0) break;
      start--;
    }
    return this.#messages.slice(start).map((one) => one.show(room));
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
