import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunningService } from "#test/harness/service.ts";

/** A message as a client was given it. */
export interface Heard {
  /** "chat", "groupchat", …; "sent" or "received" for carbons; the id in the archive for what was read there. */
  readonly kind: string;
  readonly id: string;
  readonly from: string;
  readonly body: string;
  /** When it was sent, if it came later. */
  readonly stamp: string | null;
}

/** slixmpp clients in one process, driven by requests (driven.py). */
export class SlixmppProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #complaints: string[] = [];
  readonly #gone: Promise<void>;
  #ended: Error | undefined;
  #count = 0;

  constructor({ host, port, directPort, certificate }: RunningService) {
    const program = join(import.meta.dirname, "driven.py");
    const words = ["/usr/bin/python3", "-B", program, host, `${port}`, `${directPort}`, "example.com", certificate()];
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...words], { stdio: "pipe" });
    this.#child.stderr!.on("data", (part) => this.#complaints.push(String(part)));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      const { id, result, error } = JSON.parse(line);
      const { resolve, reject } = this.#waiting.get(id)!;
      this.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new assert.AssertionError({ message: `slixmpp: ${error}` }));
    });
    this.#gone = once(this.#child, "exit").then((how) => {
      this.#ended = new Error(`slixmpp has ended: ${how} ${this.#complaints.join("")}`);
      for (const { reject } of this.#waiting.values()) reject(this.#ended);
    });
  }

  client(address: string): SlixmppClient {
    return new SlixmppClient((request) => this.#ask({ who: address, ...request }));
  }

  /** Its clients log out. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#gone;
  }

  #ask(request: object): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#count;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#child.stdin!.write(`${JSON.stringify({ id, ...request })}\n`);
    return waiting.promise;
  }
}

/** One client with stream management, carbons and the archive. */
export class SlixmppClient {
  readonly #ask: (request: object) => Promise<unknown>;

  constructor(ask: (request: object) => Promise<unknown>) {
    this.#ask = ask;
  }

  /** Logs in with carbons, not available yet. */
  logIn = () => this.#ask({ do: "log_in" });
  /** Becomes available; resolves when it has what it is given then. */
  show = () => this.#ask({ do: "show" });
  /** All of its archive. */
  read = () => this.#ask({ do: "read" }) as Promise<Heard[]>;
  /** What came since it was asked last, other than from the archive. */
  heard = () => this.#ask({ do: "heard" }) as Promise<Heard[]>;
  /** Sends messages; resolves when they are handled. */
  say = (to: string, bodies: readonly string[]) => this.#ask({ do: "say", to, bodies });
  /** Sends messages "NAME 1", "NAME 2", … every so many seconds, until `stop` or the end of its connection. */
  flood = (to: string, name: string, every: number) => this.#ask({ do: "flood", to, name, every });
  /** Resolves when all it has sent is handled. */
  stop = () => this.#ask({ do: "stop" });
  /** The bodies of all its messages that were acknowledged. */
  acknowledged = () => this.#ask({ do: "acknowledged" }) as Promise<string[]>;
  /** After its connection was lost: whether it goes on with its session. */
  comeBack = () => this.#ask({ do: "come_back" }) as Promise<"resumed" | "anew">;
  leave = () => this.#ask({ do: "leave" });
}
