import { setTimeout as sleep } from "node:timers/promises";
import { message } from "#stanza/stanza.ts";
import { tag } from "#xml/element.ts";
import type { Client } from "../client.ts";

const archived = tag("urn:xmpp:mam:2", "result");
const forwarded = tag("urn:xmpp:forward:0", "forwarded");

/** What became of numbered messages: none may be lost without a word. */
export class Ledger {
  readonly sent = new Set<string>();
  readonly arrived = new Set<string>();
  readonly bounced = new Set<string>();

  /** Sends a message of its own number; `ballast` makes it larger. */
  async send(from: Client, to: string, ballast = ""): Promise<void> {
    const id = `m${this.sent.size}`;
    this.sent.add(id);
    await from.sends(`<message to='${to}' type='chat' id='${id}'><body>${id}${ballast}</body></message>`);
  }

  /** Reads what a client gets, from the archive, too, until its stream ends. */
  async reads(client: Client): Promise<void> {
    for (;;) {
      let stanza: Awaited<ReturnType<Client["next"]>>;
      try {
        stanza = await client.next("more");
      } catch {
        return;
      }
      const { id = "", type } = (stanza.child(archived)?.child(forwarded)?.child(message) ?? stanza).attrs;
      if (stanza.name !== "message" || !this.sent.has(id)) continue;
      (type === "error" ? this.bounced : this.arrived).add(id);
    }
  }

  /** What neither arrived nor came back. */
  get missing(): string[] {
    return [...this.sent].filter((id) => !this.arrived.has(id) && !this.bounced.has(id));
  }

  /** Waits for all to have arrived or come back; resolves with what is missing after so long, in milliseconds. */
  async settles(patience = 15_000): Promise<string[]> {
    const deadline = Date.now() + patience;
    while (this.missing.length > 0 && Date.now() < deadline) await sleep(50);
    return this.missing;
  }
}
