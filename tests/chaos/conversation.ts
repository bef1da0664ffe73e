import { setTimeout as sleep } from "node:timers/promises";
import { ArchiveReader } from "./archive.ts";
import { ManagedClient, type Place } from "./client.ts";
import { MessageLedger } from "./ledger.ts";

export interface ConversationOptions {
  readonly place: Place;
  readonly domain: string;
  readonly random: () => number;
  /** Each writes to the next, the last to the first. */
  readonly people: readonly string[];
  readonly tls?: boolean;
  readonly patience?: number;
}

/** Some people with stream management who write to each other in a circle; everything they say is counted. */
export class Conversation {
  readonly ledger: MessageLedger = new MessageLedger();
  readonly clients: readonly ManagedClient[];
  readonly #options: ConversationOptions;
  #number = 0;

  constructor(options: ConversationOptions) {
    const { place, people, tls = false, patience = 5_000 } = options;
    this.#options = options;
    this.clients = people.map((user, index) => {
      return new ManagedClient({ place, user, ledger: this.ledger, tls, patience, acknowledgeEvery: 1 + index * 4 });
    });
  }

  async start(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.start()));
  }

  /** Everybody writes until told, and then until all is acknowledged. */
  async talk(until: () => boolean): Promise<void> {
    await Promise.all(this.clients.map((client, index) => this.#speak(client, index, until)));
  }

  async #speak(client: ManagedClient, index: number, until: () => boolean): Promise<void> {
    const { people, domain, random } = this.#options;
    const to = `${people[(index + 1) % people.length]}@${domain}`;
    while (!until()) {
      await client.ready;
      for (let left = 1 + Math.floor(random() * 8); left > 0; left--) client.say(`c${++this.#number}`, "online", to);
      await client.acknowledged();
      await sleep(random() * 5);
    }
  }

  /** All that is under way has come, and the archives are read. */
  async settle(): Promise<void> {
    for (let time = 0; time < 3; time++) {
      for (const client of this.clients) {
        await client.ready;
        await client.acknowledged();
        await client.ask("get", "<ping xmlns='urn:xmpp:ping'/>", this.#options.domain);
      }
    }
    for (const client of this.clients) {
      for (const { id, number } of (await new ArchiveReader().next(client)) ?? []) {
        // The archive of its writer has it as well.
        if (this.ledger.isTo(id, client.user)) this.ledger.archived(id, [client.user], number);
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
  }
}
