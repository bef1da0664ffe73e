import { setTimeout } from "node:timers/promises";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { available, type LocalSession, type Progress, priority, type Session } from "#core/session.ts";
import { archiveRead } from "#features/mam/index.ts";
import { Jid } from "#jid/jid.ts";
import { delay, delayed } from "#stanza/delay.ts";
import { Stanza } from "#stanza/stanza.ts";
import { forgetHandedOut, type Kept, next } from "./store.ts";

/** What is handed out at a time: messages, and characters of all but the last; far less than what closes a connection. */
const page = { messages: 50, characters: 65_536 };
/** How long a client that has not taken a page is left alone before it is looked at again, at first and at last; ms. */
const patience = { first: 1, last: 1_000 };
/** How long another client waits for one that takes nothing before it gets the rest; ms. */
const mostWaiting = 5_000;

/** Whether a client gets offline messages (XEP-0160 §3). */
export function ready(session: Session): boolean {
  return session.get(available) && session.get(priority) >= 0;
}

/** The messages of an account on their way to one of its clients: page by page, none before the client has the last one. */
export class HandOut {
  readonly session: LocalSession;
  /** Resolves when the first page is written, or there is none. */
  readonly begun: Promise<void>;
  /** Resolves when it is over: all is handed out, or the client has gone. */
  readonly done: Promise<void>;
  readonly #host: Host;
  readonly #begin: () => void;
  readonly #stop = new AbortController();
  /** Another client waits. */
  #wanted = false;
  /** There may be more since it was looked at last. */
  #again = false;
  #over = false;

  constructor(host: Host, session: LocalSession, before: Promise<void> | undefined) {
    this.#host = host;
    this.session = session;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    this.#begin = resolve;
    const work = this.#run(before);
    background(host.log, work, "offline messages not handed out");
    this.done = work.catch(() => {});
  }

  /** There is more; false where it is too late. */
  goOn(): boolean {
    this.#again = true;
    return !this.#over;
  }

  /** Somebody else is there to take the rest, should this client not take it. */
  yield(): void {
    this.#wanted = true;
  }

  stop(): void {
    this.#stop.abort();
  }

  get #goes(): boolean {
    const isThere = this.#host.sessions.find(this.session.jid) === this.session && ready(this.session);
    return isThere && !this.#stop.signal.aborted;
  }

  async #run(before: Promise<void> | undefined): Promise<void> {
    try {
      await before;
      await this.#handAll();
    } finally {
      this.#over = true;
      this.#begin();
    }
  }

  async #handAll(): Promise<void> {
    const { db } = this.#host;
    const account = this.session.jid.bare;
    for (let after = 0; this.#goes; ) {
      this.#again = false;
      const kept = await next(db, account, { after, seen: this.session.get(archiveRead), ...page });
      const last = kept.at(-1);
      if (last === undefined && this.#again) continue;
      if (last === undefined || !this.#goes) return;
      for (const one of kept) this.session.send(this.#stamped(one));
      const progress = this.session.connection.follow();
      this.#begin();
      after = last.id;
      const forgetting = () => forgetHandedOut(db, account, kept);
      if (!(await this.#taken(progress, forgetting))) return;
    }
  }

  #stamped({ received, element }: Kept): Stanza {
    const { from, to } = element.attrs;
    const domain = this.#host.jid.toString();
    const has = element.all(delay).some((stamp) => stamp.attrs.from === domain); // it was handed out before
    const stamped = has ? element : element.append(delayed(this.#host.jid, received));
    return Stanza.of("message", stamped, Jid.parse(from!), Jid.parse(to!));
  }

  /**
   * Waits until the client has a page; false if somebody else is to get the rest. Rows go only when the client has them, or
   * somebody else answers for them, so that the end of the process repeats rather than loses.
   */
  async #taken(progress: () => Progress, forgetting: () => Promise<void>): Promise<boolean> {
    let isKept = true;
    const { signal } = this.#stop;
    const since = performance.now();
    for (let pause = patience.first; ; pause = Math.min(2 * pause, patience.last)) {
      const now = progress();
      const yields = this.#wanted && now !== "taken" && (now === "away" || performance.now() - since > mostWaiting);
      const goes = this.#goes && !yields;
      // The state of a client that is away is on disk; what another one did not acknowledge is rescued when its session ends.
      if (isKept && (now === "taken" || now === "away" || (now === "kept" && !goes))) {
        isKept = false;
        await forgetting();
      }
      // A client that has closed its stream still gets what was written before: soon it is known.
      const open = now === "written" && !yields && !signal.aborted;
      if (now === "taken" || now === "lost" || (!goes && !open)) return now === "taken";
      await setTimeout(goes ? pause : patience.first, undefined, { ref: false, signal }).catch(() => {});
    }
  }
}
