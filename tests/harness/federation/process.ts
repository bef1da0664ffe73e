import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connectTcp } from "#adapters/tcp/connect.ts";
import type { Jid } from "#jid/jid.ts";
import type { Client } from "../client.ts";
import { type ConnectOptions, logIn } from "../scenario.ts";
import { Wire } from "../wire.ts";

/** A program that runs in the foreground; it ends with this process, however that ends. */
export interface Program {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** What it says once it is ready. */
  readonly ready: RegExp;
}

export class Running {
  readonly #program: Program;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(program: Program) {
    this.#program = program;
  }

  get log(): string {
    return this.#log;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const { command, words, environment, ready } = this.#program;
    const before = this.#log.length;
    const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const take = (part: Buffer) => {
      if (process.env.LOG) process.stderr.write(part);
      this.#log += part;
      if (ready.test(this.#log.slice(before))) resolve();
    };
    child.stdout!.on("data", take);
    child.stderr!.on("data", take);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${command} ended:\n${this.#log.slice(before)}`)));
    await promise;
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
}

/** Logs in over plain TCP, as foreign servers let a client on loopback. */
export async function connectPlainly(
  jid: Jid,
  place: { readonly host: string; readonly port: number },
  options: ConnectOptions = {},
): Promise<Client> {
  const wire = new Wire(await connectTcp({ ...place, timeoutMs: 5_000 }));
  const client = await logIn(wire, jid, options.face ?? jid.domain);
  if (options.presence !== false) {
    await client.becomesAvailable(typeof options.presence === "string" ? options.presence : undefined);
  }
  return client;
}
