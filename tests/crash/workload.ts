import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "#app/control/client.ts";
import type { XmppServer } from "#test/bench/load/login.ts";
import { Mailbox, Registers } from "./ledger.ts";
import { Gone, Session } from "./session.ts";

export const domain = "example.com";
export const password = "pencil";
/** Those who change things, and those who write. */
export const people = ["romeo", "juliet", "nurse", "tybalt"] as const;

/** Everything that the service has acknowledged since it was first started. */
export class World {
  readonly #tell = (what: string): void => this.onAcknowledged?.(what);
  readonly contacts = new Registers("contact", this.#tell);
  readonly documents = new Registers("document", this.#tell);
  readonly accounts = new Registers("account", this.#tell);
  readonly requests = new Registers("request", this.#tell);
  /** Those to whom a request was acknowledged some time before the end. */
  readonly requested = new Set<string>();
  /** One recipient for each round. */
  readonly mail: Mailbox[] = [];
  /** Told of each acknowledgement at once. */
  onAcknowledged: ((what: string) => void) | undefined;

  mailKept(): void {
    this.#tell("message");
  }

  /** Resolves at the acknowledgement with this number, counted from now. */
  acknowledgement(what: string, number: number): Promise<void> {
    let left = number;
    return new Promise((resolve) => {
      this.onAcknowledged = (kind) => {
        if (kind === what && --left === 0) resolve();
      };
    });
  }
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One round of load: several clients at once, until the service goes away. */
export class Workload {
  readonly #world: World;
  readonly #server: XmppServer;
  readonly #folder: string;
  readonly #round: number;
  readonly #random: () => number;
  #over = false;
  #opened = 0;
  /** Sessions that were open when it ended. */
  readonly sessions = new Set<Session>();

  constructor(
    world: World,
    server: XmppServer,
    { folder, round, seed }: { folder: string; round: number; seed: number },
  ) {
    this.#world = world;
    this.#server = server;
    this.#folder = folder;
    this.#round = round;
    this.#random = randomFrom(seed);
    world.mail[round] = new Mailbox();
  }

  /** Resolves when everybody has noticed that the service is gone. @throws whatever else went wrong */
  async run(): Promise<void> {
    const everybody = [
      this.#as("romeo", (session) => this.#editContacts(session)),
      this.#as("juliet", (session) => this.#editContacts(session)),
      this.#as("juliet", (session) => this.#editDocuments(session)),
      this.#as("nurse", (session) => this.#write(session)),
      this.#as("tybalt", (session) => this.#write(session)),
      this.#as("tybalt", (session) => this.#request(session)),
      this.#administer(),
      this.#comeAndGo(),
      ...(this.#round > 0 ? [this.#collect(this.#round - 1)] : []),
    ];
    await Promise.all(everybody.map((one) => one.catch((error) => this.#unlessOver(error))));
  }

  /** From now on the service may go away. */
  expectEnd(): void {
    this.#over = true;
  }

  #unlessOver(error: Error): void {
    if (!this.#over) throw error;
  }

  async #open(user: string, presence = true): Promise<Session> {
    const resource = `client${this.#opened++}`;
    const session = new Session(await this.#server.login(user, { tls: false, presence, resource }));
    this.sessions.add(session);
    void session.ended.then(() => this.#over || this.sessions.delete(session));
    return session;
  }

  /** Does one thing again and again, until the service is gone. */
  async #as(user: string, step: (session: Session) => Promise<void>): Promise<void> {
    const session = await this.#open(user, false);
    while (!this.#over) await step(session);
    await session.ended;
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  /** A few contacts at once, of thirty: set or removed. */
  async #editContacts(session: Session): Promise<void> {
    const first = this.#pick(30);
    const changes = Array.from({ length: 1 + this.#pick(4) }, (_, index) => {
      const contact = `friend${(first + index) % 30}@${domain}`;
      const key = `${session.jid.split("/")[0]} ${contact} ${session.user}`;
      const known = this.#world.contacts.possible(key).at(-1);
      if (known !== undefined && known !== "" && this.#random() < 0.25) {
        return this.#change(session, key, `<item jid='${contact}' subscription='remove'/>`, "");
      }
      const name = `name ${this.#round}-${this.#pick(1e9)}`;
      return this.#change(session, key, `<item jid='${contact}' name='${name}'><group>Verona</group></item>`, name);
    });
    await Promise.all(changes);
  }

  #change(session: Session, key: string, item: string, value: string): Promise<void> {
    return this.#world.contacts.change(key, value, () =>
      session.ask("set", `<query xmlns='jabber:iq:roster'>${item}</query>`),
    );
  }

  /** The vCard and one of the private documents. */
  async #editDocuments(session: Session): Promise<void> {
    const text = `text ${this.#round}-${this.#pick(1e9)}`;
    await this.#world.documents.change(`${session.user} vcard`, text, () =>
      session.ask("set", `<vCard xmlns='vcard-temp'><FN>${text}</FN></vCard>`),
    );
    const name = `note${this.#pick(5)}`;
    await this.#world.documents.change(`${session.user} ${name}`, text, () =>
      session.ask(
        "set",
        `<query xmlns='jabber:iq:private'><${name} xmlns='urn:example:notes'>${text}</${name}></query>`,
      ),
    );
  }

  /** Some messages to somebody who is away, then a question: its answer says that they were kept. */
  async #write(session: Session): Promise<void> {
    const mail = this.#world.mail[this.#round]!;
    this.#written.set(session, this.#written.get(session) ?? 0);
    const ids = Array.from({ length: 1 + this.#pick(10) }, () => {
      const number = this.#written.get(session)! + 1;
      this.#written.set(session, number);
      return `${session.user}-${number}`;
    });
    mail.sent(ids);
    for (const id of ids) {
      session.send(`<message type='chat' to='away${this.#round}@${domain}' id='${id}'><body>${id}</body></message>`);
    }
    await session.settled();
    mail.acknowledge(ids);
    this.#world.mailKept();
    // A mailbox has a limit, and it is not the point here.
    await sleep(5);
  }
  readonly #written = new Map<Session, number>();

  /** Subscribes to somebody who is away (RFC 6121 §3.1.2: the request is kept). */
  async #request(session: Session): Promise<void> {
    const name = `away${this.#round}`;
    const key = `${session.user} ${name}@${domain}`;
    await this.#world.requests.change(key, "subscribe", async () => {
      session.send(`<presence type='subscribe' to='${name}@${domain}' id='s'/>`);
      await session.settled();
    });
    await sleep(50);
    // The request is on disk at the sender's when the answer comes; at the recipient's a moment later.
    if (!this.#over) this.#world.requested.add(name);
  }

  /** Accounts made, given another password, and deleted, as by the command line. */
  async #administer(): Promise<void> {
    const { accounts } = this.#world;
    for (let number = 0; !this.#over; number++) {
      const name = `guest-${this.#round}-${number}`;
      await accounts.change(name, "first", () =>
        this.#command("user add", { account: `${name}@${domain}`, password: "first" }),
      );
      if (number % 3 === 1) {
        await accounts.change(name, "second", () =>
          this.#command("user passwd", { account: `${name}@${domain}`, password: "second" }),
        );
      } else if (number % 3 === 2) {
        await accounts.change(name, "", () => this.#command("user delete", { account: `${name}@${domain}` }));
      }
    }
  }

  async #command(command: string, given: object): Promise<void> {
    const answer = await ask(join(this.#folder, "data"), { command, arguments: given });
    if (answer === undefined) throw new Gone();
  }

  async #comeAndGo(): Promise<void> {
    while (!this.#over) await (await this.#open("romeo")).leave();
  }

  /** Takes the messages of an earlier round, while everything else goes on. */
  async #collect(round: number): Promise<void> {
    await sleep(this.#pick(400));
    const session = await this.#open(`away${round}`, false);
    session.send("<presence/>");
    const settled = await session.settled().then(
      () => true,
      () => false,
    );
    if (!settled) await session.ended;
    this.#world.mail[round]!.took(messagesOf(session), settled);
    if (settled) await session.leave();
  }
}

/** The ids of the messages that a session got. */
export function messagesOf(session: Session): string[] {
  return session.received.flatMap((stanza) => {
    const [, id] = /^<message[^>]* id=['"]([^'"]+)/.exec(stanza) ?? [];
    return id === undefined ? [] : [id];
  });
}
