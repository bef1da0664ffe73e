import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "#test/bench/load/link.ts";
import { XmppServer } from "#test/bench/load/login.ts";
import { randomFrom } from "#test/crash/workload.ts";
import { ArchiveReader } from "./archive.ts";
import { ManagedClient, type Place } from "./client.ts";
import { MessageLedger } from "./ledger.ts";

/** A server that can be killed and started again on its data. */
export interface Killable {
  readonly domain: string;
  readonly password: string;
  /** With the accounts of `names`. */
  start(): Promise<Address>;
  /** At once, as a crash does. */
  kill(): Promise<void>;
  /** As operators do. */
  stop(): Promise<void>;
  /** Stops for good. */
  remove(): Promise<void>;
}

const pairs = 3;
const writers = names("writer", pairs);
const readers = names("reader", pairs);
const absent = names("absent", 2);
const members = names("member", 3);
/** The accounts that must be there. */
export const accounts: readonly string[] = [...writers, ...readers, ...absent, ...members];

function names(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${what}${index}`);
}

export interface CountOptions {
  /** How often it is ended. */
  readonly rounds: number;
  readonly how?: "kill" | "stop";
  readonly seed: number;
  /** Longest time of load before a kill, in milliseconds. */
  readonly longest?: number;
}

/** Kills a server under load again and again, counting all messages. The caller judges. */
export async function countLosses(server: Killable, options: CountOptions): Promise<Count> {
  const count = new Count(server, options);
  try {
    await count.run();
    return count;
  } finally {
    await count.end();
  }
}

/** One count: who writes to whom, and what became of it. */
export class Count implements Place {
  readonly ledger: MessageLedger = new MessageLedger();
  readonly #killable: Killable;
  readonly #options: CountOptions;
  readonly #random: () => number;
  readonly #clients = new Map<string, ManagedClient>();
  readonly #archives = new Map<string, ArchiveReader>();
  server: Promise<XmppServer> = Promise.reject(new Error("not started"));
  generation = 0;
  #loading = false;
  #number = 0;
  /** Whether rooms have archives. */
  roomArchive = true;

  constructor(killable: Killable, options: CountOptions) {
    this.#killable = killable;
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.server.catch(() => {});
  }

  /** How the clients fared: connections broken, sessions resumed, sessions begun. */
  get times(): { broken: number; resumed: number; begun: number } {
    const sum = { broken: 0, resumed: 0, begun: 0 };
    for (const { times } of this.#clients.values()) {
      sum.broken += times.broken;
      sum.resumed += times.resumed;
      sum.begun += times.begun;
    }
    return sum;
  }

  async run(): Promise<void> {
    await this.#up();
    await this.#openRoom();
    await Promise.all([...writers, ...readers].map((user) => this.#client(user).start()));
    await Promise.all(members.map((user) => this.#client(user, [this.#occupant(user)]).start()));
    for (let round = 0; round < this.#options.rounds; round++) {
      await this.#round();
      if (round % 5 === 4) await this.#takeStock();
    }
    await this.#takeStock();
  }

  async end(): Promise<void> {
    this.#loading = false;
    await Promise.allSettled([...this.#clients.values()].map((client) => client.stop()));
  }

  async #up(): Promise<void> {
    const { domain, password } = this.#killable;
    const address = this.#killable.start();
    this.server = address.then((where) => new XmppServer(where, domain, password));
    await this.server;
    this.generation++;
  }

  /** Loads the server, kills it at some moment, often just after it acknowledged something, and starts it again. */
  async #round(): Promise<void> {
    const { longest = 1_500 } = this.#options;
    this.#loading = true;
    const load = [
      ...writers.map((user, index) => this.#write(user, index)),
      ...members.map((user) => this.#speak(user)),
      this.#disturb(),
    ];
    const most = Promise.withResolvers<void>();
    const target = this.ledger.acknowledged + 1 + Math.floor(this.#random() * 600);
    if (this.#random() < 0.7) this.ledger.onAcknowledged = (count) => count >= target && most.resolve();
    await Promise.race([most.promise, sleep(100 + this.#random() * longest)]);
    const pending = Promise.withResolvers<XmppServer>();
    this.server = pending.promise;
    await this.#killable[this.#options.how ?? "kill"]();
    this.#loading = false;
    await this.#up();
    pending.resolve(await this.server);
    await Promise.all([...this.#clients.values()].map((client) => client.ready));
    await Promise.all(load);
  }

  #client(user: string, rooms: readonly string[] = []): ManagedClient {
    let client = this.#clients.get(user);
    if (client === undefined) {
      client = new ManagedClient({
        place: this,
        user,
        ledger: this.ledger,
        rooms,
        acknowledgeEvery: 1 + this.#pick(12),
        absence: () => (this.#random() < 0.5 ? 0 : this.#pick(400)),
      });
      this.#clients.set(user, client);
    }
    return client;
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #next(): string {
    return `m${++this.#number}`;
  }

  /** Some messages to somebody who is there, or is not, then waits for them to be acknowledged. */
  async #write(user: string, index: number): Promise<void> {
    const client = this.#client(user);
    while (this.#loading) {
      for (let left = 1 + this.#pick(10); left > 0; left--) {
        const away = this.#random() < 0.12;
        const to = away ? absent[this.#pick(absent.length)]! : readers[index]!;
        client.say(this.#next(), away ? "away" : "online", `${to}@${this.#killable.domain}`);
      }
      await Promise.race([client.acknowledged(), sleep(1_000)]);
      await sleep(this.#pick(8));
    }
  }

  async #speak(user: string): Promise<void> {
    const client = this.#client(user);
    while (this.#loading) {
      client.say(this.#next(), "room", this.#room, { recipients: members });
      await Promise.race([client.acknowledged(), sleep(1_000)]);
      await sleep(this.#pick(15));
    }
  }

  /** Connections break now and then. */
  async #disturb(): Promise<void> {
    while (this.#loading) {
      await sleep(10 + this.#pick(120));
      const users = [...readers, ...members];
      if (this.#loading) this.#client(users[this.#pick(users.length)]!).drop();
    }
  }

  get #room(): string {
    return `hall@conference.${this.#killable.domain}`;
  }

  #occupant(user: string): string {
    return `${this.#room}/${user}`;
  }

  /** A room that stays. */
  async #openRoom(): Promise<void> {
    const [owner] = members;
    const client = new ManagedClient({
      place: this,
      user: owner!,
      ledger: this.ledger,
      rooms: [this.#occupant(owner!)],
      resource: "owner",
    });
    await client.start();
    const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
    const { answer } = await client.ask(
      "set",
      `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>${field("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig")}${field("muc#roomconfig_persistentroom", "1")}</x></query>`,
      this.#room,
    );
    assert.match(answer, /^<iq[^>]* type=['"]result/);
    await client.stop();
  }

  /** Who was away comes and gets its messages; everybody reads the archives. */
  async #takeStock(): Promise<void> {
    const { domain } = this.#killable;
    await Promise.all([...writers, ...readers, ...members].map((user) => this.#settled(this.#client(user))));
    for (const user of [...readers, ...absent]) await this.#readArchive(user, [user], undefined);
    const room = await this.#readArchive(members[0]!, members, this.#room);
    this.roomArchive &&= room;
    for (const user of absent) {
      const client = this.#client(user);
      await this.#settled(client);
      await client.stop();
      this.#clients.delete(user);
    }
    void domain;
  }

  /** All that is on its way to a client has come: twice nothing new between two answers. */
  async #settled(client: ManagedClient): Promise<void> {
    await client.start();
    for (let time = 0; time < 3; time++) {
      await client.acknowledged();
      await client.ask("get", "<ping xmlns='urn:xmpp:ping'/>", this.#killable.domain);
      await sleep(20);
    }
  }

  async #readArchive(user: string, owners: readonly string[], room: string | undefined): Promise<boolean> {
    const client = this.#client(user);
    await client.start();
    const key = room ?? user;
    const reader = this.#archives.get(key) ?? new ArchiveReader(room);
    this.#archives.set(key, reader);
    const found = await reader.next(client);
    for (const { id, number } of found ?? []) this.ledger.archived(id, owners, number);
    return found !== undefined;
  }
}
