import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "#test/bench/load/link.ts";
import { attribute, becomeAvailable, type XmppServer } from "#test/bench/load/login.ts";

const sm = "xmlns='urn:xmpp:sm:3'";

/** How soon about a client tries again that could not connect, in milliseconds. */
const again = 200;

/** A client with a session that it resumes as often as it must, as XEP-0198 has it: it counts, repeats, and notes what comes. */
export class Member {
  readonly user: string;
  /** The ids of the messages that came, in order. */
  readonly received: string[] = [];
  /** What must not happen: presences of who leaves, sessions that could not be resumed. */
  readonly complaints: string[] = [];
  readonly #server: () => XmppServer;
  readonly #tls: boolean;
  #link: Link | undefined;
  #id = "";
  #jid = "";
  #handled = 0;
  /** Sent, and not acknowledged; with the number that the server acknowledges the last of them by. */
  #unacknowledged: string[] = [];
  #acknowledged = 0;
  #questions = 0;
  readonly #answers = new Map<string, () => void>();
  #leaving = false;
  #watching = false;
  /** When it was resumed last; milliseconds of a monotonic clock. */
  resumedAt = 0;

  /** @param server the one that runs at the moment */
  constructor(user: string, server: () => XmppServer, tls: boolean) {
    this.user = user;
    this.#server = server;
    this.#tls = tls;
  }

  get jid(): string {
    return this.#jid;
  }

  /** Logs in, becomes available, enables stream management. */
  async open(): Promise<void> {
    const server = this.#server();
    const link = await server.authenticated(this.user, { tls: this.#tls });
    this.#jid = await server.bind(link, "member");
    await becomeAvailable(link, this.#jid);
    link.send(`<enable ${sm} resume='true'/>`);
    for (let answer = ""; !answer.startsWith("<enabled"); ) {
      answer = await link.next();
      this.#id = attribute(answer, "id") ?? "";
    }
    this.#use(link);
  }

  /** Sends a stanza. While there is no connection it waits for one. */
  send(stanza: string): void {
    this.#unacknowledged.push(stanza);
    this.#link?.send(stanza);
    if (this.#unacknowledged.length % 5 === 0) this.#link?.send(`<r ${sm}/>`);
  }

  /** The server has handled all that was sent. */
  async settled(): Promise<void> {
    const id = `settled-${++this.#questions}`;
    const answered = new Promise<void>((resolve) => this.#answers.set(id, resolve));
    const [, domain] = this.#jid.split(/[@/]/);
    this.send(`<iq type='get' id='${id}' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await answered;
  }

  /** From now on nobody may be seen to leave. */
  watch(): void {
    this.#watching = true;
  }

  async close(): Promise<void> {
    this.#leaving = true;
    const link = this.#link;
    this.#link = undefined;
    link?.listen(() => {});
    await link?.close("</stream:stream>");
  }

  #use(link: Link): void {
    this.#link = link;
    link.onEnd = () => {
      if (this.#link !== link) return;
      this.#link = undefined;
      if (!this.#leaving) void this.#comeBack();
    };
    link.listen((stanza) => this.#take(stanza, link));
  }

  async #comeBack(): Promise<void> {
    while (!this.#leaving) {
      try {
        return await this.#resume();
      } catch {
        await sleep(again * (0.5 + Math.random()));
      }
    }
  }

  async #resume(): Promise<void> {
    const link = await this.#server().authenticated(this.user, { tls: this.#tls });
    link.send(`<resume ${sm} previd='${this.#id}' h='${this.#handled}'/>`);
    const answer = await link.next();
    if (!answer.startsWith("<resumed")) {
      this.complaints.push(`${this.user} was told ${answer}`);
      return;
    }
    this.resumedAt = performance.now();
    this.#acknowledge(Number(attribute(answer, "h")));
    this.#use(link);
    for (const stanza of this.#unacknowledged) link.send(stanza);
  }

  #acknowledge(count: number): void {
    this.#unacknowledged = this.#unacknowledged.slice(count - this.#acknowledged);
    this.#acknowledged = count;
  }

  #take(stanza: string, link: Link): void {
    if (stanza.startsWith("<r ")) return link.send(`<a ${sm} h='${this.#handled}'/>`);
    if (stanza.startsWith("<a ")) return this.#acknowledge(Number(attribute(stanza, "h")));
    const [, kind] = /^<(message|presence|iq)[ />]/.exec(stanza) ?? [];
    if (kind === undefined) return;
    this.#handled++;
    const id = attribute(stanza, "id");
    if (kind === "message" && stanza.includes("<body")) this.received.push(id!);
    if (kind === "iq") this.#answers.get(id!)?.();
    const refused = /^<\w+ [^>]*type=['"](error|unavailable)['"]/.exec(stanza);
    if (refused !== null && (this.#watching || refused[1] === "error")) this.complaints.push(`${this.user}: ${stanza}`);
  }
}
