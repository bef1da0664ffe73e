import { attribute, type Client, leave } from "#test/bench/load/login.ts";

/** The connection is gone: the service was killed, or stops. */
export class Gone extends Error {}

/** A client that asks questions, and keeps what else it gets. */
export class Session {
  /** Messages and presences, in the order they came. */
  readonly received: string[] = [];
  readonly #client: Client;
  readonly #questions = new Map<string, { resolve(answer: string): void; reject(error: Error): void }>();
  readonly #ended = Promise.withResolvers<void>();
  #count = 0;
  /** It closed its stream by itself. */
  left = false;
  /** The server's last words. */
  farewell: string | undefined;

  constructor(client: Client) {
    this.#client = client;
    client.link.listener = (stanza) => this.#take(stanza);
    client.link.onEnd = () => this.#end();
    if (client.link.lost) this.#end();
  }

  get user(): string {
    return this.#client.user;
  }

  get jid(): string {
    return this.#client.jid;
  }

  /** Resolves when the connection has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  send(text: string): void {
    this.#client.link.send(text);
  }

  /** Asks and waits for the result. @throws Gone; Error for a refusal */
  ask(type: "get" | "set", payload: string, to = ""): Promise<string> {
    const id = `q${++this.#count}`;
    return new Promise((resolve, reject) => {
      if (this.#client.link.lost) return reject(new Gone());
      this.#questions.set(id, { resolve, reject });
      this.send(`<iq type='${type}' id='${id}'${to}>${payload}</iq>`);
    });
  }

  /** Resolves when all that was sent before has been handled: stanzas of a session are handled in order (RFC 6120 §10.1). */
  settled(): Promise<string> {
    return this.ask(
      "get",
      "<ping xmlns='urn:xmpp:ping'/>",
      ` to='${this.jid.slice(this.jid.indexOf("@") + 1).split("/")[0]}'`,
    );
  }

  leave(): Promise<void> {
    this.left = true;
    return leave(this.#client);
  }

  #take(stanza: string): void {
    if (!stanza.startsWith("<iq")) {
      if (stanza.includes("urn:ietf:params:xml:ns:xmpp-streams")) this.farewell = stanza;
      this.received.push(stanza);
      return;
    }
    const id = attribute(stanza, "id") ?? "";
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    if (/^<iq[^>]* type=['"]error/.test(stanza)) question?.reject(new Error(`refused: ${stanza}`));
    else question?.resolve(stanza);
  }

  #end(): void {
    for (const { reject } of this.#questions.values()) reject(new Gone());
    this.#questions.clear();
    this.#ended.resolve();
  }
}
