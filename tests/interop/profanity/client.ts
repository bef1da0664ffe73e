import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningService } from "#test/harness/service.ts";
import { Terminal } from "#test/harness/terminal.ts";

/** How long is waited for what the screen does not show, in milliseconds. */
const patience = 15_000;

/** Whose profanity, and how it connects. */
export interface ProfanityOptions {
  readonly service: Pick<RunningService, "host" | "port" | "directPort">;
  /** Its home; kept between starts it remembers its account and its messages. */
  readonly folder: string;
  /** With a resource. */
  readonly address: string;
  readonly password?: string;
  /** `trust`: any certificate; `force`: STARTTLS, it asks about one that it does not know; `legacy`: direct TLS. */
  readonly tls?: "trust" | "force" | "legacy";
}

/** profanity in a terminal, told to connect: lines are typed, and its screen is read. */
export class Profanity {
  readonly terminal: Terminal;
  readonly address: string;
  readonly #log: string;

  constructor({ service, folder, address, password = "pencil", tls = "trust" }: ProfanityOptions) {
    this.address = address;
    const [bare, resource] = address.split("/") as [string, string];
    const port = tls === "legacy" ? service.directPort : service.port;
    const [config, data] = ["config", "data"].map((name) => join(folder, name, "profanity")) as [string, string];
    mkdirSync(config, { recursive: true });
    mkdirSync(data, { recursive: true });
    writeFileSync(join(config, "profrc"), preferences);
    const account = { enabled: true, jid: bare, resource, password, server: service.host, port, "tls.policy": tls };
    const lines = Object.entries(account).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(data, "accounts"), `[me]\n${lines.join("")}muc.nick=${bare.split("@")[0]}\n`);
    this.#log = join(data, "logs", "profanity.log");
    const environment = {
      HOME: folder,
      PATH: process.env.PATH!,
      LANG: "C.UTF-8",
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_DATA_HOME: join(folder, "data"),
    };
    this.terminal = Terminal.start({ command: ["profanity", "-l", "DEBUG", "-a", "me"], environment, folder });
  }

  /** Waits until it has logged in and knows what the server offers: then it speaks of keys that it could publish. */
  async online(): Promise<this> {
    await this.shows(/logged in successfully/);
    await this.shows(/OMEMO: cannot publish crypto materials/);
    return this;
  }

  /** Types a line: a command, or what is to be said in the window of a conversation. */
  do(line: string): this {
    this.terminal.type(line);
    return this;
  }

  /** Waits until the screen shows it. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    return this.terminal.shows(pattern);
  }

  /** Types a command and waits for what it shows. */
  async gets(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    return this.do(line).shows(pattern);
  }

  /** Waits until it has acknowledged a stanza with this text that it received (XEP-0198 §4). */
  async acknowledges(text: string): Promise<void> {
    const signal = AbortSignal.timeout(patience);
    const { length } = this.log.split(text, 1)[0]!;
    while (!this.log.slice(length).includes("SENT: <a ")) {
      assert.ok(!signal.aborted, `${text} is not acknowledged`);
      await sleep(50);
    }
  }

  /** What it wrote to its log, with all it sent and received. */
  get log(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Says good-bye to the server and ends. */
  async quit(): Promise<void> {
    this.do("/quit");
    await this.terminal.ended();
  }

  /** Ends as when its window is closed. */
  stop(): Promise<void> {
    return this.terminal.close();
  }
}

/** All presence is told, history comes from the archive, a lost connection is tried again after a second. */
const preferences = `[ui]
splash=false
beep=false
flash=false
statuses.console=all
statuses.chat=all
statuses.muc=all
enc.warn=false

[connection]
mam=true
carbons=true
reconnect=1
autoping=0

[notifications]
message=false
room=false
sub=false
invite=false
`;
