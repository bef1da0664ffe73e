/** Counts what passed, failed and was skipped, and says so while it goes. */
export class Tally {
  readonly #write: (text: string) => void;
  readonly #skipped: string[] = [];
  readonly #failed: string[] = [];
  #passed = 0;
  #began = performance.now();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  part(name: string): void {
    this.#write(`== ${name} (at ${this.#seconds()} s)\n`);
  }

  passed(_name: string): void {
    this.#passed++;
  }

  failed(name: string, why: string): void {
    this.#failed.push(name);
    this.#write(`FAILED ${name}\n${indent(why)}\n`);
  }

  skipped(name: string, why: string): void {
    this.#skipped.push(`${name}: ${why}`);
  }

  /** Prints the end, the counts last. Returns the exit code. */
  finish(): number {
    if (this.#skipped.length > 0) this.#write(`Skipped:\n${indent(this.#skipped.join("\n"))}\n`);
    if (this.#failed.length > 0) this.#write(`Failed:\n${indent(this.#failed.join("\n"))}\n`);
    const nothing = this.#passed + this.#failed.length === 0;
    if (nothing) this.#write("No test was found.\n");
    this.#write(`Took ${this.#seconds()} s.\n`);
    this.#write(`${this.#passed} passed, ${this.#failed.length} failed, ${this.#skipped.length} skipped\n`);
    return this.#failed.length > 0 || nothing ? 1 : 0;
  }

  #seconds(): string {
    return ((performance.now() - this.#began) / 1000).toFixed(1);
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
