import assert from "node:assert/strict";

/** What a thing may be after a crash: what was acknowledged last, or anything asked for since. */
interface Register {
  acknowledged: string | undefined;
  asked: string[];
}

/** Things with one value each, such as the name of a contact; undefined: it is not there. */
export class Registers {
  readonly #all = new Map<string, Register>();
  readonly what: string;
  readonly #tell: (what: string) => void;
  /** How many changes were acknowledged. */
  acknowledged = 0;

  /** `tell` is called at each acknowledgement. */
  constructor(what: string, tell: (what: string) => void) {
    this.what = what;
    this.#tell = tell;
  }

  /** Makes a change: what `work` resolves for is acknowledged. */
  async change(key: string, value: string, work: () => Promise<unknown>): Promise<void> {
    const register = this.#all.get(key) ?? { acknowledged: undefined, asked: [] };
    this.#all.set(key, register);
    register.asked.push(value);
    await work();
    register.acknowledged = value;
    register.asked = [];
    this.acknowledged++;
    this.#tell(this.what);
  }

  keys(): string[] {
    return [...this.#all.keys()];
  }

  /** What may be there; the last is the likeliest. */
  possible(key: string): readonly (string | undefined)[] {
    const register = this.#all.get(key);
    return register === undefined ? [undefined] : [...register.asked, register.acknowledged];
  }

  /** Compares with what is there, which is what counts from now on. `gone` is how absence is written in changes. */
  check(found: ReadonlyMap<string, string>, prefix: string, gone = ""): void {
    for (const [key, register] of this.#all) {
      if (!key.startsWith(prefix)) continue;
      const value = found.get(key) ?? gone;
      const possible = [...register.asked, register.acknowledged ?? gone];
      assert.ok(possible.includes(value), `${this.what} ${key} is "${value}", not one of ${JSON.stringify(possible)}`);
      register.acknowledged = value;
      register.asked = [];
    }
    for (const key of found.keys()) {
      if (key.startsWith(prefix)) assert.ok(this.#all.has(key), `${this.what} ${key} was never asked for`);
    }
  }
}

/** Messages to somebody who is away. */
export class Mailbox {
  readonly #acknowledged = new Set<string>();
  readonly #sent = new Set<string>();
  /** Taken out by the recipient; what was taken for certain never comes again. */
  readonly #certain = new Set<string>();
  #uncertain = new Set<string>();

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  sent(ids: readonly string[]): void {
    for (const id of ids) this.#sent.add(id);
  }

  acknowledge(ids: readonly string[]): void {
    for (const id of ids) this.#acknowledged.add(id);
  }

  /** The recipient got these in one session. `settled`: the server has since answered, so that it will not repeat them. */
  took(ids: readonly string[], settled: boolean): void {
    assert.equal(new Set(ids).size, ids.length, `a message was handed out twice in one session: ${ids}`);
    for (const id of ids) {
      assert.ok(this.#sent.has(id), `message ${id} was never sent`);
      assert.ok(!this.#certain.has(id), `message ${id} came again after it had been handed out`);
    }
    for (const group of Map.groupBy(ids, senderOf).values()) {
      const numbers = group.map(numberOf);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
        "messages are out of order",
      );
    }
    for (const id of ids) this.#uncertain.add(id);
    if (!settled) return;
    for (const id of this.#uncertain) this.#certain.add(id);
    this.#uncertain = new Set();
  }

  /** Everything acknowledged must have been taken. */
  checkComplete(): void {
    const lost = [...this.#acknowledged].filter((id) => !this.#certain.has(id));
    assert.deepEqual(lost, [], `${lost.length} of ${this.#acknowledged.size} acknowledged messages are lost`);
  }
}

function senderOf(id: string): string {
  return id.slice(0, id.lastIndexOf("-"));
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}
