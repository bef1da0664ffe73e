/** The order in which handlers of one moment run: reject · change · store · tell others. */
export const phases = ["check", "amend", "record", "copy"] as const;
export type Phase = (typeof phases)[number];

/** What a handler returns that has taken the event: nobody after it sees it. */
export const handled: unique symbol = Symbol("handled");
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that goes on returns nothing
export type Outcome = typeof handled | void;
export type Handler<Event> = (event: Event) => Outcome | Promise<Outcome>;

/** A moment others may join: a value exported by whoever fires it, so the compiler knows the event and its readers. */
export interface Hook<Event> {
  readonly name: string;
  /** Only carries the type. */
  readonly event?: Event;
}

export function hook<Event>(name: string): Hook<Event> {
  return Object.freeze({ name });
}

interface Entry {
  readonly rank: number;
  readonly owner: string;
  // biome-ignore lint/suspicious/noExplicitAny: one table holds handlers of all events; on() and fire() keep them apart
  readonly run: Handler<any>;
}

/** The handlers of one host. Within a phase they run in the order in which they were added. */
export class Hooks {
  readonly #entries = new Map<Hook<unknown>, readonly Entry[]>();

  /** Adds a handler; the function it returns removes it. */
  on<Event>(hook: Hook<Event>, phase: Phase, run: Handler<Event>, owner = ""): () => void {
    const entry: Entry = { rank: phases.indexOf(phase), owner, run };
    const list = this.#entries.get(hook) ?? [];
    const at = list.findIndex((other) => other.rank > entry.rank);
    this.#entries.set(hook, at < 0 ? [...list, entry] : [...list.slice(0, at), entry, ...list.slice(at)]);
    return () => {
      this.#entries.set(
        hook,
        (this.#entries.get(hook) ?? []).filter((other) => other !== entry),
      );
    };
  }

  /** Whether anybody listens: lets a hot path skip making the event. */
  has<Event>(hook: Hook<Event>): boolean {
    return (this.#entries.get(hook)?.length ?? 0) > 0;
  }

  /** Runs the handlers; true if one has taken the event. Synchronous as long as they are. */
  fire<Event>(hook: Hook<Event>, event: Event): boolean | Promise<boolean> {
    const list = this.#entries.get(hook);
    if (list === undefined) return false;
    for (let index = 0; index < list.length; index++) {
      const outcome = list[index]!.run(event);
      if (outcome === handled) return true;
      if (outcome instanceof Promise) return this.#rest(list, index + 1, event, outcome);
    }
    return false;
  }

  async #rest<Event>(list: readonly Entry[], next: number, event: Event, pending: Promise<Outcome>): Promise<boolean> {
    if ((await pending) === handled) return true;
    for (let index = next; index < list.length; index++) {
      if ((await list[index]!.run(event)) === handled) return true;
    }
    return false;
  }
}
