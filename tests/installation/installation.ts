import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { TestContext } from "node:test";
import { runCommandLine } from "#app/cli/program.ts";

const root = join(import.meta.dirname, "..", "..");
const main = join(root, "src", "app", "main.ts");
const patience = 30_000;

/** What a finished command said, and its exit code. */
export interface Said {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A service that runs in a process of its own. */
export interface RunningService {
  readonly process: ChildProcess;
  /** The port for STARTTLS. */
  readonly port: number;
  /** What it has printed so far. */
  output(): string;
  errors(): string;
  /** Waits until standard error has matched. */
  logged(pattern: RegExp): Promise<void>;
  /** Sends a signal and waits for the end. Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** An installation of its own in a temporary folder, for tests of the command line. Gone when the test ends. */
export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), "parloir-cli-"));
  readonly data = join(this.folder, "data");
  readonly file = join(this.folder, "parloir.yaml");
  readonly #processes = new Set<ChildProcess>();

  constructor(
    context: TestContext,
    settings = "domains: [{ name: example.com }]\nlisten: [{ port: 0, address: 127.0.0.1 }]\n",
  ) {
    this.write(settings);
    context.after(() => {
      for (const child of this.#processes) child.kill("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  write(settings: string): void {
    writeFileSync(this.file, settings);
  }

  /** Runs a command of `parloir` in this process, with `--config`; `input` is its standard input. */
  async parloir(words: readonly string[], input = ""): Promise<Said> {
    const output = new PassThrough().setEncoding("utf8");
    const errors = new PassThrough().setEncoding("utf8");
    const terminal = { input: Readable.from([Buffer.from(input)]), output, errors };
    const code = await runCommandLine([...words, "--config", this.file], terminal);
    return { code, output: output.read() ?? "", errors: errors.read() ?? "" };
  }

  /** As `parloir`, by the script at the root and in a process of its own. */
  async script(words: readonly string[], input = ""): Promise<Said> {
    const child = this.#spawn(join(root, "parloir"), [...words, "--config", this.file]);
    child.process.stdin.end(input);
    const code = await child.ended;
    return { code, output: child.output(), errors: child.errors() };
  }

  /** Starts the service and waits until it says that it runs. */
  async start(...words: string[]): Promise<RunningService> {
    const child = this.#spawn(process.execPath, [main, "start", ...words, "--config", this.file]);
    await child.until(() => child.output().includes("settings"));
    return {
      process: child.process,
      port: Number(/:(\d+) \(STARTTLS\)/.exec(child.output())?.[1]),
      output: child.output,
      errors: child.errors,
      logged: (pattern) => child.until(() => pattern.test(child.errors())),
      stop: async (signal = "SIGTERM") => {
        child.process.kill(signal);
        return child.ended;
      },
    };
  }

  #spawn(program: string, words: readonly string[]) {
    const child = spawn(program, words, { stdio: "pipe", cwd: this.folder });
    this.#processes.add(child);
    const said = { output: "", errors: "" };
    const watchers = new Set<() => void>();
    const tell = () => {
      for (const watch of [...watchers]) watch();
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.output += text;
      tell();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.errors += text;
      tell();
    });
    const { promise: ended, resolve } = Promise.withResolvers<number | null>();
    child.on("close", (code) => {
      this.#processes.delete(child);
      resolve(code);
      tell();
    });
    const until = (condition: () => boolean) =>
      new Promise<void>((done, fail) => {
        const late = setTimeout(() => fail(new Error(`waited in vain: ${JSON.stringify(said)}`)), patience);
        const watch = () => {
          if (!condition() && child.exitCode === null && child.signalCode === null) return;
          clearTimeout(late);
          watchers.delete(watch);
          if (condition()) done();
          else fail(new Error(`the process ended: ${JSON.stringify(said)}`));
        };
        watchers.add(watch);
        watch();
      });
    return { process: child, ended, until, output: () => said.output, errors: () => said.errors };
  }
}
