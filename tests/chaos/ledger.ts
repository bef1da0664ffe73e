/** Where a message was meant to go. */
export type Way = "online" | "away" | "room";

interface Sent {
  readonly way: Way;
  readonly to: readonly string[];
  acknowledged: boolean;
  /** Its sender was told that it was refused: nobody owes it. */
  refused: boolean;
  /** Its sender sent it again to another process of the server than the first one, which had not acknowledged it. */
  repeated: boolean;
}

/** How a message came to a client. */
interface Sight {
  /** Counts the sessions of an account: one that is resumed stays the same. */
  readonly session: number;
  /** The client has said that it has it, and knows that the server has heard that. */
  confirmed: boolean;
}

/** What was counted. Nothing but `acknowledged` and the two about repetition may differ from 0 on a server that keeps its word. */
export interface Counts {
  /** Messages that the server acknowledged to their senders (XEP-0198). */
  acknowledged: number;
  /** Acknowledged, but neither at the recipient's client nor in an archive. */
  lost: number;
  /** Acknowledged and archived, but no client of the recipient was sent it: who does not read archives misses it. */
  archiveOnly: number;
  /** Came to a client again although it had been acknowledged by it, or twice in one session, or is archived twice. */
  duplicated: number;
  /** Came again to a client whose acknowledgement the server cannot have seen: XEP-0198 cannot do better. */
  redelivered: number;
  /** Came twice because its sender had to send it twice. */
  repeated: number;
}

/** Every message of a test, from the moment it was sent, with all that became of it. */
export class MessageLedger {
  readonly #sent = new Map<string, Sent>();
  readonly #seen = new Map<string, Sight[]>();
  readonly #archived = new Map<string, number>();
  /** What archives call the messages. */
  readonly #names = new Map<string, string>();
  readonly #again = { duplicated: new Set<string>(), redelivered: new Set<string>(), repeated: new Set<string>() };
  /** Messages that nobody sent, and archive ids that name other messages. */
  readonly wrong: string[] = [];
  /** Told of each acknowledgement. */
  onAcknowledged: ((acknowledged: number) => void) | undefined;
  #acknowledged = 0;

  get acknowledged(): number {
    return this.#acknowledged;
  }

  sent(id: string, way: Way, to: readonly string[]): void {
    this.#sent.set(id, { way, to, acknowledged: false, refused: false, repeated: false });
  }

  refused(id: string): void {
    const message = this.#sent.get(id);
    if (message) message.refused = true;
  }

  isTo(id: string, user: string): boolean {
    return this.#sent.get(id)?.to.includes(user) ?? false;
  }

  repeated(id: string): void {
    const message = this.#sent.get(id);
    if (message) message.repeated = true;
  }

  acknowledge(id: string): void {
    const message = this.#sent.get(id);
    if (message === undefined || message.acknowledged) return;
    message.acknowledged = true;
    this.onAcknowledged?.(++this.#acknowledged);
  }

  /** A client was sent a message; what is returned is confirmed once the server knows that it came. */
  came(
    id: string,
    user: string,
    { session, archived }: { session: number; archived: string | undefined },
  ): Sight | undefined {
    const message = this.#sent.get(id);
    if (message === undefined) {
      this.wrong.push(`${user} got ${id}, which nobody sent`);
      return undefined;
    }
    const key = `${user} ${id}`;
    if (archived !== undefined) this.#named(key, archived);
    const before = this.#seen.get(key) ?? [];
    for (const one of before) {
      if (message.repeated) this.#again.repeated.add(key);
      else if (one.session === session || one.confirmed) this.#again.duplicated.add(key);
      else this.#again.redelivered.add(key);
    }
    const sight = { session, confirmed: false };
    this.#seen.set(key, [...before, sight]);
    return sight;
  }

  /** A message is in the archive of an account, or in that of a room for everybody in it. */
  archived(id: string, owners: readonly string[], number: string | undefined): void {
    const message = this.#sent.get(id);
    if (message === undefined) this.wrong.push(`the archive for ${owners} has ${id}, which nobody sent`);
    for (const owner of owners) {
      const key = `${owner} ${id}`;
      if (number !== undefined && owners.length === 1) this.#named(key, number);
      const times = (this.#archived.get(key) ?? 0) + 1;
      this.#archived.set(key, times);
      if (times > 1) this.#again[message?.repeated ? "repeated" : "duplicated"].add(`${key} archive`);
    }
  }

  /** How many messages are in the archive of an account. */
  archives(owner: string): number {
    return [...this.#archived.keys()].filter((key) => key.startsWith(`${owner} `)).length;
  }

  /** A client knows by the archive's id that it has a message already (XEP-0313 §3.5): all copies must name the same. */
  #named(key: string, number: string): void {
    const known = this.#names.get(key) ?? number;
    if (known !== number) this.wrong.push(`${key} is ${known} and ${number} in the archive`);
    this.#names.set(key, known);
  }

  /** What has become of the messages that went this way. */
  count(...ways: Way[]): Counts {
    const { acknowledged, lost, archiveOnly } = this.#fates(ways);
    const again = (which: ReadonlySet<string>) =>
      [...which].filter((key) => ways.includes(this.#sent.get(key.split(" ")[1]!)!.way)).length;
    return {
      acknowledged,
      lost: lost.length,
      archiveOnly: archiveOnly.length,
      duplicated: again(this.#again.duplicated),
      redelivered: again(this.#again.redelivered),
      repeated: again(this.#again.repeated),
    };
  }

  /** Which messages are missing or too many, for the one who looks for the reason. */
  details(...ways: Way[]): { lost: string[]; archiveOnly: string[]; duplicated: string[] } {
    const { lost, archiveOnly } = this.#fates(ways);
    return { lost, archiveOnly, duplicated: [...this.#again.duplicated] };
  }

  #fates(ways: readonly Way[]): { acknowledged: number; lost: string[]; archiveOnly: string[] } {
    let acknowledged = 0;
    const lost: string[] = [];
    const archiveOnly: string[] = [];
    for (const [id, message] of this.#sent) {
      if (!message.acknowledged || message.refused || !ways.includes(message.way)) continue;
      acknowledged++;
      const missing = message.to.filter((user) => !this.#seen.has(`${user} ${id}`));
      const nowhere = missing.filter((user) => !this.#archived.has(`${user} ${id}`));
      if (nowhere.length > 0) lost.push(`${id} for ${nowhere}`);
      else if (missing.length > 0) archiveOnly.push(`${id} for ${missing}`);
    }
    return { acknowledged, lost, archiveOnly };
  }
}
