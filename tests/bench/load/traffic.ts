import type { Peer } from "./target.ts";

/** One sender, and those who get each of its stanzas, in order. */
export interface Lane {
  readonly sender: Peer;
  readonly receivers: readonly Peer[];
  /** The stanza with a number. */
  stanza(number: number): string;
}

/** Which stanza of which sender has come; undefined for what nobody has asked for. */
export type Recognize = (
  receiver: Peer,
  stanza: string,
) => { readonly sender: string; readonly number: number } | undefined;

export interface TrafficOptions {
  readonly lanes: readonly Lane[];
  /** Stanzas of each lane under way at a time. */
  readonly window: number;
  readonly recognize: Recognize;
}

interface State {
  readonly lane: Lane;
  /** The number that each receiver awaits next. */
  readonly awaited: Map<Peer, number>;
  sent: number;
  receipts: number;
}

/** How long stanzas may be under way after the last was sent, in milliseconds. */
const patience = 15_000;

/**
 * A closed loop: a lane sends its next stanza when all receivers have one. Every stanza must come to each of its receivers
 * once and in order; nothing else may come.
 */
export class Traffic {
  readonly #states = new Map<string, State>();
  readonly #peers = new Set<Peer>();
  readonly #options: TrafficOptions;
  #owed = 0;
  #received = 0;
  #sending = false;
  #idle: (() => void) | undefined;
  #wrong: Error | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
    for (const lane of options.lanes) {
      const awaited = new Map(lane.receivers.map((receiver) => [receiver, 0]));
      this.#states.set(lane.sender.jid, { lane, awaited, sent: 0, receipts: 0 });
      for (const peer of [lane.sender, ...lane.receivers]) this.#peers.add(peer);
    }
    for (const peer of this.#peers) peer.link.listener = (stanza) => this.#take(peer, stanza);
  }

  /** Sends for so long, then waits for what is still under way. Returns how many stanzas were received. */
  async run(milliseconds: number): Promise<number> {
    const before = this.#received;
    this.#sending = true;
    for (const state of this.#states.values()) for (let i = 0; i < this.#options.window; i++) this.#send(state);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    this.#sending = false;
    await this.#settled();
    return this.#received - before;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.leave()));
  }

  async #settled(): Promise<void> {
    if (this.#owed > 0 && this.#wrong === undefined) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, patience);
        this.#idle = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    for (const { link } of this.#peers) this.#wrong ??= link.lost;
    if (this.#wrong) throw this.#wrong;
    if (this.#owed > 0) throw new Error(`${this.#owed} stanzas were lost`);
  }

  #send(state: State): void {
    const { lane } = state;
    this.#owed += lane.receivers.length;
    lane.sender.link.send(lane.stanza(state.sent++));
  }

  #take(receiver: Peer, stanza: string): void {
    const known = this.#options.recognize(receiver, stanza);
    const state = known && this.#states.get(known.sender);
    const awaited = state?.awaited.get(receiver);
    if (state === undefined || awaited === undefined) this.#fail("not expected", receiver, stanza);
    else if (known?.number !== awaited) this.#fail(`lost, doubled or not number ${awaited}`, receiver, stanza);
    else this.#count(state, receiver, awaited);
  }

  #count(state: State, receiver: Peer, number: number): void {
    state.awaited.set(receiver, number + 1);
    this.#received++;
    this.#owed--;
    if (++state.receipts % state.lane.receivers.length === 0 && this.#sending) this.#send(state);
    if (this.#owed === 0) this.#idle?.();
  }

  #fail(what: string, receiver: Peer, stanza: string): void {
    this.#wrong ??= new Error(`${receiver.user} got a stanza that was ${what}: ${stanza.slice(0, 500)}`);
    this.#sending = false;
    this.#idle?.();
  }
}
