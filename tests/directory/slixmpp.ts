import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { mismatch, pattern } from "#test/harness/match.ts";
import type { RunningService } from "#test/harness/service.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";

const python = "/usr/bin/python3"; // Debian's: it has Debian's packages
const program = join(import.meta.dirname, "..", "interop", "slixmpp", "remote.py");
/** How long an expectation waits, in milliseconds; only waited out when a test fails. */
const patience = 20_000;

/** What a roster says of one contact. */
export interface Contact {
  readonly name: string;
  readonly subscription: string;
  readonly groups: readonly string[];
}

/** Who logs in, and how. */
export interface Login {
  readonly service: RunningService;
  /** Bare or full. */
  readonly account: string;
  readonly password: string;
  /** What is sent as login, where it is not the local part of the account. */
  readonly username?: string;
  readonly lang?: string;
  readonly direct?: boolean;
  /** The main domain, whose certificate is expected. Default: the account's. */
  readonly domain?: string;
}

/** What a refused login was answered. */
export interface Refusal {
  /** Of SASL; undefined if the stream ended otherwise. */
  readonly condition: string | undefined;
  readonly text: string;
  readonly lang: string;
}

interface Told {
  readonly client: string;
  readonly event: string;
  readonly xml: string;
}

/** slixmpp in a process of its own, with any number of clients. */
export class SlixmppProcess {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  readonly #gone: Promise<unknown>;
  readonly #fresh: Told[] = [];
  readonly #complaints: string[] = [];
  readonly #watchers = new Set<() => void>();
  #count = 0;

  constructor() {
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", python, "-B", program], { stdio: "pipe" });
    this.#gone = once(this.#child, "exit");
    this.#child.stderr!.on("data", (part) => this.#complaints.push(String(part)));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#take(line));
    this.#child.once("exit", () => {
      for (const { reject } of this.#answers.values())
        reject(new Error(`slixmpp is gone: ${this.#complaints.join("")}`));
    });
  }

  /** Logs in; fails if that is refused. */
  async logIn(login: Login): Promise<SlixmppClient> {
    const client = await this.tries(login);
    assert.ok(client instanceof SlixmppClient, `${login.account}: ${JSON.stringify(client)}`);
    return client;
  }

  /** Logs in, or says how that was refused. */
  async tries({ service, domain, account, ...login }: Login): Promise<SlixmppClient | Refusal> {
    const name = `client-${++this.#count}`;
    const face = account.replace(/^.*@/, "").replace(/\/.*$/, "");
    const { host, port, directPort } = service;
    const certificate = service.certificate(domain ?? face);
    const server = { host, port, direct: directPort, domain: face, certificate };
    const outcome = (await this.command(name, "log_in", { server, account, ...login })) as
      | { readonly jid: string }
      | { readonly failed: readonly string[]; readonly seen: readonly string[] };
    if ("jid" in outcome) return new SlixmppClient(this, name, outcome.jid, face);
    return refusal(outcome);
  }

  /** Logs in; fails unless that is refused. */
  async refused(login: Login): Promise<Refusal> {
    const outcome = await this.tries(login);
    if (outcome instanceof SlixmppClient) assert.fail(`${login.account} got in`);
    return outcome;
  }

  command(client: string, what: string, words: object = {}): Promise<unknown> {
    const id = ++this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#answers.set(id, { resolve, reject });
    this.#child.stdin!.write(`${JSON.stringify({ id, client, do: what, ...words })}\n`);
    return promise;
  }

  /** The first event of a client that fits, past or to come; it is taken away. */
  async expect(client: string, event: string, fits: (xml: string) => boolean): Promise<string> {
    const until = performance.now() + patience;
    for (;;) {
      const at = this.#fresh.findIndex((told) => told.client === client && told.event === event && fits(told.xml));
      if (at >= 0) return this.#fresh.splice(at, 1)[0]!.xml;
      const left = until - performance.now();
      if (left <= 0) assert.fail(`${client}: no such ${event}; happened: ${this.tail(client)}`);
      await this.#change(left);
    }
  }

  /** How many events of that name were not expected yet. */
  unexpected(client: string, event: string): string[] {
    return this.#fresh.filter((told) => told.client === client && told.event === event).map(({ xml }) => xml);
  }

  tail(client: string): string {
    const story = this.#fresh.filter((told) => told.client === client).slice(-10);
    return [...story.map(({ event, xml }) => `${event} ${xml.slice(0, 600)}`), ...this.#complaints.slice(-5)].join(
      "\n",
    );
  }

  /** All its clients log out; it ends. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#gone;
  }

  #take(line: string): void {
    if (process.env.LOG) console.error(line);
    const told = JSON.parse(line) as Told & {
      readonly id?: number;
      readonly result?: unknown;
      readonly error?: string;
    };
    if (told.id === undefined) this.#fresh.push(told);
    else if (told.error === undefined) this.#answers.get(told.id)!.resolve(told.result);
    else this.#answers.get(told.id)!.reject(new Error(told.error));
    if (told.id !== undefined) this.#answers.delete(told.id);
    for (const run of this.#watchers) run();
  }

  async #change(left: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, left);
    this.#watchers.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#watchers.delete(resolve);
  }
}

/** One client of slixmpp, logged in. */
export class SlixmppClient {
  readonly #process: SlixmppProcess;
  readonly #name: string;
  readonly jid: string;
  /** The domain it has connected to. */
  readonly face: string;

  constructor(process: SlixmppProcess, name: string, jid: string, face: string) {
    this.#process = process;
    this.#name = name;
    this.jid = jid;
    this.face = face;
  }

  toString(): string {
    return this.jid;
  }

  get bare(): string {
    return this.jid.replace(/\/.*$/, "");
  }

  /** Gets its contacts, becomes available. */
  async goesOnline(): Promise<this> {
    await this.#do("available");
    return this;
  }

  roster(): Promise<Record<string, Contact>> {
    return this.#do("roster") as Promise<Record<string, Contact>>;
  }

  says(to: string, body: string): Promise<unknown> {
    return this.#do("say", { to, body });
  }

  /** Adds a contact to its list. Rejects with the XML of a stanza that refuses it. */
  adds(to: string, name = ""): Promise<unknown> {
    return this.#do("add", { to, name });
  }

  /** Sends a presence to somebody: `subscribe`, `subscribed`, …. */
  presents(kind: string, to: string): Promise<unknown> {
    return this.#do("presence", { to, kind });
  }

  /** Rows of what a search finds. */
  searches(fields: Readonly<Record<string, string>>): Promise<Record<string, string>[]> {
    return this.#do("search", { at: this.face, ...fields }) as Promise<Record<string, string>[]>;
  }

  async card(of: string): Promise<Element> {
    return stanza((await this.#do("card", { of })) as string);
  }

  identities(at: string): Promise<string[]> {
    return this.#do("identities", { at }) as Promise<string[]>;
  }

  /** The server has handled what was sent. */
  settles(): Promise<unknown> {
    return this.#do("settle");
  }

  leaves(): Promise<unknown> {
    return this.#do("leave");
  }

  /** Waits for a stanza that slixmpp shows as this event, and that matches. */
  async receives(event: "message" | "message_error" | "presence" | "roster_update" | "stream_error", text: string) {
    const expected = pattern(text);
    const fits = (xml: string) => mismatch(expected, stanza(xml)) === undefined;
    return stanza(await this.#process.expect(this.#name, event, fits));
  }

  async disconnected(): Promise<void> {
    await this.#process.expect(this.#name, "disconnected", () => true);
  }

  /** What has come and was not expected yet. */
  unexpected(event: string): string[] {
    return this.#process.unexpected(this.#name, event);
  }

  #do(what: string, words: object = {}): Promise<unknown> {
    return this.#process.command(this.#name, what, words);
  }
}

/** Parses what slixmpp writes; it leaves out the declarations of its stream. */
function stanza(xml: string): Element {
  const declared = /^<stream:/.test(xml) ? " xmlns:stream='http://etherx.jabber.org/streams'" : "";
  const bare = xml.replace(/^<([\w:]+)/, `<$1${declared}`);
  return parseText(bare.replace(/^<(\w+)(?![^>]* xmlns=)(?=[\s/>])/, "<$1 xmlns='jabber:client'"));
}

function refusal({ failed, seen }: { readonly failed: readonly string[]; readonly seen: readonly string[] }): Refusal {
  const failure = failed.map(stanza).find(({ name }) => name === "failure");
  if (failure === undefined) return { condition: undefined, text: [...seen, ...failed].join(" "), lang: "" };
  const text = failure.elements.find(({ name }) => name === "text");
  const condition = failure.elements.find(({ name }) => name !== "text")?.name;
  return { condition, text: text?.text ?? "", lang: text?.attrs["xml:lang"] ?? "" };
}
