import assert from "node:assert/strict";
import type { CloseReason, Transport } from "#stream/transport.ts";
import { toBytes } from "#xml/bytes.ts";
import type { Element } from "#xml/element.ts";
import { Parser } from "#xml/parser.ts";
import { mismatch, pattern } from "./match.ts";

/** How long an expectation waits, in milliseconds. Long, because it is only waited out when a test fails. */
const patience = Number(process.env.PATIENCE ?? 5_000);

const generous = { stanzaBytes: 10_000_000, depth: 200, attributes: 200, elements: 100_000 };

/** The client's end of an XML stream, in plain text: what tests write and what they expect next. */
export class Wire {
  readonly transport: Transport;
  readonly #parser: Parser;
  readonly #arrived: (Element | "closed")[] = [];
  #waiting: (() => void) | undefined;
  #over: CloseReason | undefined;
  #raw = "";

  /** @param content the namespace of stanzas on it; they are read as `jabber:client` */
  constructor(transport: Transport, content = "jabber:client") {
    this.transport = transport;
    this.#parser = new Parser(generous, { contentNamespace: { from: content, to: "jabber:client" } });
    transport.open(this);
  }

  data(bytes: string): void {
    this.#raw += bytes;
    this.#parser.push(bytes);
    for (let next = this.#parser.next(); next !== undefined; next = this.#parser.next()) {
      this.#arrived.push(next);
      if (next === "closed") break;
    }
    this.#waiting?.();
  }

  drain(): void {}

  closed(reason: CloseReason): void {
    this.#over = reason;
    this.#waiting?.();
  }

  /** Everything that has arrived so far, as it came. */
  get received(): string {
    return this.#raw;
  }

  writes(text: string): void {
    this.transport.write(toBytes(text));
  }

  /** A new stream header is awaited. */
  reset(): void {
    this.#parser.reset();
  }

  /** Writes a stream header and takes the server's header and features. */
  async opens(to: string, attributes = ""): Promise<{ header: Element; features: Element }> {
    this.reset();
    this.writes(
      `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`,
    );
    return { header: await this.next(), features: await this.receives("<stream:features/>") };
  }

  /** The next element; fails if none comes or the stream ends. */
  async next(what = "an element"): Promise<Element> {
    const item = await this.#take(what);
    if (item === "closed") assert.fail(`expected ${what}, but the stream was closed`);
    return item;
  }

  /** The next element must fit. */
  async receives(text: string): Promise<Element> {
    const element = await this.next(text);
    const why = mismatch(pattern(text), element);
    if (why !== undefined) assert.fail(`${why}\nexpected ${text}\ngot      ${element}`);
    return element;
  }

  /** The server closes its stream; our end of the connection stays open. */
  async receivesClosing(): Promise<void> {
    const item = await this.#take("the end of the stream");
    if (item !== "closed") assert.fail(`expected the end of the stream, got ${item}`);
  }

  /** The server closes its stream and the connection. */
  async receivesEnd(): Promise<void> {
    await this.receivesClosing();
    this.transport.close();
    await this.ends();
  }

  /** The connection ends, whatever still comes. */
  async ends(): Promise<CloseReason> {
    while (this.#over === undefined) await this.#more("the end of the connection");
    return this.#over;
  }

  async #take(what: string): Promise<Element | "closed"> {
    while (this.#arrived.length === 0) {
      if (this.#over !== undefined) assert.fail(`expected ${what}, but the connection is over (${this.#over})`);
      await this.#more(what);
    }
    return this.#arrived.shift()!;
  }

  #more(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined;
        reject(new assert.AssertionError({ message: `nothing came; expected ${what}` }));
      }, patience);
      this.#waiting = () => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve();
      };
    });
  }
}
