import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";

/** A program that wants a terminal. */
export interface TerminalOptions {
  /** The program and its words. */
  readonly command: readonly string[];
  /** Its whole environment, `TERM` apart. */
  readonly environment: Readonly<Record<string, string>>;
  /** A folder for what the terminal needs itself; goes with whoever made it. */
  readonly folder: string;
  readonly columns?: number;
  readonly lines?: number;
}

/** How long a text may take to appear, in milliseconds. */
const patience = 10_000;

/**
 * A program in a terminal that nobody looks at: what is typed goes in, and what its screen shows can be waited for.
 * It is tmux in control mode: commands in, their output and the news that something was drawn out.
 */
export class Terminal {
  readonly #tmux: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** Who waits for the output of a command, in order. */
  readonly #asked: ((output: string[]) => void)[] = [];
  readonly #events = new EventEmitter().setMaxListeners(0);
  #ended = false;

  private constructor({ command, environment, folder, columns = 160, lines = 60 }: TerminalOptions) {
    const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const program = ["env", "-i", "TERM=tmux-256color", ...set, ...command];
    const session = ["new-session", "-x", `${columns}`, "-y", `${lines}`, ...program];
    // Whatever ends this process ends tmux's client; the session ends with its client, and the program with its session.
    const option = ["set-option", "-g", "destroy-unattached", "on"];
    const words = ["-u", "-S", join(folder, "tmux"), "-f", "/dev/null", "-C", ...session, ";", ...option];
    this.#tmux = spawn("setpriv", ["--pdeathsig", "KILL", "tmux", ...words], { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = once(this.#tmux, "close").then(() => this.#end());
    this.#read();
  }

  /** Starts the program. */
  static start(options: TerminalOptions): Terminal {
    return new Terminal(options);
  }

  /** Types a line, and enter. */
  type(line: string): void {
    void this.#ask(`send-keys -l -- '${line.replaceAll("'", `'"'"'`)}'`);
    this.press("Enter");
  }

  /** Presses a key, named as tmux names it: `Enter`, `C-c`, `F1`. */
  press(key: string): void {
    void this.#ask(`send-keys ${key}`);
  }

  /** What the screen shows now; lines without the spaces at their ends. */
  async screen(): Promise<string> {
    return (await this.#ask("capture-pane -p")).join("\n");
  }

  /** Waits until the screen shows it; returns the match. Fails with the screen after some seconds. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(patience);
    for (;;) {
      const drawn = once(this.#events, "drawn", { signal }).catch(() => {});
      const screen = await this.screen();
      const match = pattern.exec(screen);
      if (match !== null) return match;
      assert.ok(!this.#ended, `the program has ended; ${pattern} was not shown`);
      assert.ok(!signal.aborted, `${pattern} is not shown:\n${screen.trimEnd()}`);
      await drawn;
    }
  }

  /** Waits until the program has ended by itself. */
  async ended(): Promise<void> {
    await this.#exited;
  }

  /** Ends the program, as closing the window would, and waits. */
  async close(): Promise<void> {
    if (!this.#ended) void this.#ask("kill-server");
    await this.#exited;
  }

  #ask(command: string): Promise<string[]> {
    return new Promise((resolve) => {
      if (this.#ended) return resolve([]);
      this.#asked.push(resolve);
      this.#tmux.stdin!.write(`${command}\n`);
    });
  }

  /** Output comes between `%begin` and `%end` or `%error`, with 1 at their ends if it was asked for; news begin with `%` too. */
  #read(): void {
    let rest = "";
    let output: string[] | undefined;
    this.#tmux.stdout!.setEncoding("utf8").on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (/^%(end|error) \d+ \d+ 1$/.test(line)) {
          this.#asked.shift()?.(output ?? []);
          output = undefined;
        } else if (output !== undefined) output.push(line);
        else if (/^%begin \d+ \d+ 1$/.test(line)) output = [];
        else if (line.startsWith("%output ")) this.#events.emit("drawn");
      }
    });
  }

  #end(): void {
    this.#ended = true;
    for (const resolve of this.#asked.splice(0)) resolve([]);
    this.#events.emit("drawn");
  }
}
