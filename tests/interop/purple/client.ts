import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunningService } from "#test/harness/service.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";

/** How long an expectation waits, in milliseconds; only waited out when a test fails. */
const patience = 15_000;

/** What the client told: `event` and what belongs to it. */
export type Told = Readonly<Record<string, string>>;

export interface PurpleOptions {
  readonly service: RunningService;
  /** Address with or without resource. */
  readonly address: string;
  readonly password?: string;
  /** What "Connect server" says. Default: the service's address. */
  readonly server?: string;
  /** Default: the service's. */
  readonly port?: number;
  readonly direct?: boolean;
  /** The certificate that its person accepted before; default the service's, null: none. */
  readonly accepted?: string | null;
  /** A folder with certificates of authorities it trusts. */
  readonly authorities?: string;
}

const isStanza = /^<(iq|message|presence)[\s/>]/;

/** A stanza that it told of. */
export function stanzaOf({ text }: Told): Element {
  return parseText(text!.replace(/^<(\w+)(?![^>]* xmlns=)/, "<$1 xmlns='jabber:client'"));
}

/** Compiles the client into a folder of its own; returns the program. */
export function compileClient(folder: string): string {
  const program = join(folder, "client");
  const flags = execFileSync("pkg-config", ["--cflags", "--libs", "purple", "glib-2.0"], { encoding: "utf8" });
  const sources = globSync(join(import.meta.dirname, "*.c"));
  execFileSync(
    "gcc",
    ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", program, ...sources, ...flags.trim().split(/\s+/)],
    {
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  return program;
}

/** A libpurple client in a process and with a configuration folder of its own. */
export class PurpleClient {
  /** Everything it told, as it came. */
  readonly story: Told[] = [];
  readonly address: string;
  readonly #service: RunningService;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #fresh: Told[] = [];
  readonly #gone: Promise<unknown>;
  #changed: (() => void) | undefined;

  constructor(program: string, options: PurpleOptions) {
    const {
      service,
      address,
      password = "pencil",
      server = service.host,
      direct = false,
      accepted,
      authorities,
    } = options;
    this.address = address;
    this.#service = service;
    this.#folder = mkdtempSync(join(tmpdir(), "purple-"));
    const known = join(this.#folder, "certificates", "x509", "tls_peers");
    mkdirSync(known, { recursive: true });
    const certificate = accepted === undefined ? service.certificate() : accepted;
    if (certificate !== null) copyFileSync(certificate, join(known, server));
    const { port = direct ? service.directPort : service.port } = options;
    const where = [server, `${port}`, direct ? "old_ssl" : "require_tls"];
    const words = [
      program,
      this.#folder,
      address,
      password,
      ...where,
      ...(authorities === undefined ? [] : [authorities]),
    ];
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", ...words], {
      stdio: ["pipe", "pipe", process.env.LOG ? "inherit" : "ignore"],
      env: { ...process.env, HOME: this.#folder, LC_ALL: "C.UTF-8" },
    });
    this.#gone = once(this.#child, "exit");
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#take(line));
  }

  /** Waits until it is logged in. */
  async signedOn(): Promise<this> {
    const told = await this.expect(["signed-on", "connection-error"]);
    if (told.event !== "signed-on") assert.fail(`${this.address}: ${told.text}\n${this.tail()}`);
    return this;
  }

  /** Gives a command: words as commands.h says. */
  do(...words: readonly string[]): void {
    const escaped = words.map((word) => word.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n"));
    this.#child.stdin!.write(`${escaped.join("\t")}\n`);
  }

  /** The first event of a name (or one of several) that fits, past or to come; it is taken away. */
  async expect(event: string | readonly string[], fits: Partial<Told> | ((told: Told) => boolean) = {}): Promise<Told> {
    const matches =
      typeof fits === "function"
        ? fits
        : (told: Told) => Object.entries(fits).every(([key, value]) => told[key] === value);
    const until = performance.now() + patience;
    for (;;) {
      const at = this.#fresh.findIndex((told) => [event].flat().includes(told.event!) && matches(told));
      if (at >= 0) return this.#fresh.splice(at, 1)[0]!;
      const left = until - performance.now();
      if (left <= 0) assert.fail(`${this.address}: no ${event} ${JSON.stringify(fits)}\n${this.tail()}`);
      await this.#change(left);
    }
  }

  /** Whether something has been told and not been expected yet. */
  has(event: string, fits: (told: Told) => boolean = () => true): boolean {
    return this.#fresh.some((told) => told.event === event && fits(told));
  }

  /** Waits for the answer to a ping: the server has handled what was sent. */
  async settles(): Promise<void> {
    const id = `settled-${this.story.length}`;
    const domain = this.address.replace(/^.*@/, "").replace(/\/.*$/, "");
    this.do("xml", `<iq type='get' id='${id}' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await this.expect("xml-received", ({ text }) => text!.includes(`id='${id}'`));
  }

  /** Stanzas it received or sent so far. */
  stanzas(direction: "xml-received" | "xml-sent"): Element[] {
    return this.story.filter(({ event, text }) => event === direction && isStanza.test(text!)).map(stanzaOf);
  }

  /** The answer to a request of its own, come or to come. */
  async answer(id: string): Promise<Element> {
    const isAnswer = ({ text }: Told) => {
      if (!isStanza.test(text!)) return false;
      const { name, attrs } = stanzaOf({ text: text! });
      return name === "iq" && attrs.id === id && (attrs.type === "result" || attrs.type === "error");
    };
    const come = this.story.find((told) => told.event === "xml-received" && isAnswer(told));
    return stanzaOf(come ?? (await this.expect("xml-received", isAnswer)));
  }

  /** The end of its story, and what the service complained about. */
  tail(): string {
    const story = this.story.slice(-15).map((told) => JSON.stringify(told).slice(0, 600));
    const log = this.#service.log.split("\n").filter((line) => /^\S+ \S+ (warn|error) |^ {4}/.test(line));
    return [...story, ...log.slice(-20)].join("\n");
  }

  /** Ends it as closing Pidgin does. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Kills it: its connection breaks. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  #take(line: string): void {
    const told = JSON.parse(line) as Told;
    if (process.env.LOG) console.error(this.address, line);
    this.story.push(told);
    this.#fresh.push(told);
    this.#changed?.();
  }

  #change(left: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
