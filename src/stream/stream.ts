import { client, streams } from "#stanza/namespaces.ts";
import { toBytes } from "#xml/bytes.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { XmlError } from "#xml/error.ts";
import { type Limits, Parser } from "#xml/parser.ts";
import { StreamError } from "./error.ts";
import type { CloseReason, Transport } from "./transport.ts";

/** What a stream tells its owner. Each call may return a promise: nothing more is read from the peer until it settles. */
export interface StreamEvents {
  /** The peer's stream header came, for the first time or after a restart. @throws StreamError */
  header(header: Element): void | Promise<void>;
  /** A complete child of the stream. @throws StreamError */
  element(element: Element): void | Promise<void>;
  /**
   * The stream is being closed, or its connection broke: nothing that is sent from now on reaches the peer. Once, before
   * `ended`.
   */
  closing(broken: boolean): void;
  /** The stream is over. Once, last. `orderly`: the peer closed it with its end tag. */
  ended(reason: CloseReason, orderly: boolean): void;
  /** The peer broke a rule: the stream is being closed with this error. */
  refused(error: StreamError): void;
  /** Something that is not the peer's fault was thrown. */
  broken(cause: unknown): void;
  /** A peer that was slow has taken everything. */
  drained?(): void;
}

/** Our side of the header (RFC 6120 §4.7). */
export interface Opening {
  /** Given by the receiving side alone. */
  readonly id?: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly lang?: string | undefined;
}

export const features: Tag = tag(streams, "features");
const root = tag(streams, "stream");

/** Unread bytes kept while the owner is busy; more makes the transport pause. */
const readAhead = 65_536;

/** What kind of stream it is. */
export interface StreamOptions {
  readonly limits: Limits;
  /** The content namespace (RFC 6120 §4.8.2), read and written as `jabber:client`, which it is by default. */
  readonly namespace?: string;
  /** A prefix that our header declares, for elements that peers want to see with it (XEP-0220 §2.4.1). */
  readonly prefix?: { readonly name: string; readonly namespace: string };
  /** Whether our header says "version='1.0'", which promises stream features (RFC 6120 §4.7.5). Default true. */
  readonly versioned?: boolean;
}

/**
 * One XML stream (RFC 6120 §4), of either side: parses what comes, hands it on in order and one at a time, writes
 * headers, elements and errors. What a stream is for, its owner knows.
 */
export class Stream {
  readonly transport: Transport;
  readonly #events: StreamEvents;
  readonly #namespace: string;
  readonly #prefix: StreamOptions["prefix"];
  readonly #version: "1.0" | undefined;
  #parser: Parser | undefined;
  #state: "header" | "open" | "closing" | "closed" = "header";
  #opened = false;
  /** The element under way, if its handling waits for something. */
  #work: Promise<void> | undefined;
  #paused = false;
  #held = false;
  #orderly = false;
  #received = 0;
  #sent = 0;

  constructor(transport: Transport, events: StreamEvents, options: StreamOptions) {
    this.transport = transport;
    this.#events = events;
    this.#namespace = options.namespace ?? client;
    this.#prefix = options.prefix;
    this.#version = options.versioned === false ? undefined : "1.0";
    const mapped = this.#namespace === client ? {} : { contentNamespace: { from: this.#namespace, to: client } };
    this.#parser = new Parser(options.limits, mapped);
  }

  /** Begins reading. */
  start(): void {
    this.transport.open(this);
  }

  set limits(limits: Limits) {
    if (this.#parser) this.#parser.limits = limits;
  }

  get open(): boolean {
    return this.#state === "header" || this.#state === "open";
  }

  /** Bytes the peer has sent on this stream, over all. */
  get received(): number {
    return this.#received;
  }

  /** Bytes written since the last start of the connection, over all; what the peer's side has not taken included. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether our header is written, and not closed. */
  get opened(): boolean {
    return this.#opened && this.open;
  }

  /** Writes our header: the receiving side's in answer to the peer's, the initiating side's first. */
  reply(opening: Opening): void {
    this.#opened = true;
    const attrs = [
      `xmlns='${this.#namespace}'`,
      `xmlns:stream='${streams}'`,
      ...(this.#prefix === undefined ? [] : [`xmlns:${this.#prefix.name}='${this.#prefix.namespace}'`]),
      ...Object.entries({
        version: this.#version,
        id: opening.id,
        from: opening.from,
        to: opening.to,
        "xml:lang": opening.lang,
      })
        .filter((entry): entry is [string, string] => entry[1] !== undefined)
        .map(([name, value]) => `${name}='${quoted(value)}'`),
    ];
    this.transport.write(`<?xml version='1.0'?><stream:stream ${attrs.join(" ")}>`);
  }

  /** Writes an element; false: the peer is slow. */
  send(element: Element): boolean {
    if (!this.open) return false;
    const bytes = this.#bytes(element);
    this.#sent += bytes.length;
    return this.transport.write(bytes);
  }

  /** RFC 6120 §4.8.5: what is in the namespace of streams is written with the prefix that the header declares. */
  #bytes(element: Element): string {
    if (element.ns === streams) return prefixed(element, "stream");
    if (element.ns === this.#prefix?.namespace) return prefixed(element, this.#prefix.name);
    return element.wire(client);
  }

  /** The next thing the peer sends is a new header (RFC 6120 §4.3.3). */
  restart(): void {
    if (!this.open) return; // it was closed during the handshake
    this.#parser?.reset();
    this.#state = "header";
  }

  /**
   * Upgrades to TLS and expects a new header.
   *
   * @throws StreamError where the peer sent anything but white space after its request, in the clear (RFC 6120 §5.3.3; go-xmpp
   *   sends a line break).
   */
  async startTls(domain: string | undefined): Promise<void> {
    if (this.#parser !== undefined && (this.#parser.next() !== undefined || this.#parser.discard() > 0)) {
      throw new StreamError("policy-violation", "Nothing may be sent between the request for TLS and the handshake");
    }
    await this.transport.startTls!(domain);
    this.restart();
  }

  /** Stops or resumes reading from the peer, for who sends faster than allowed. */
  hold(held: boolean): void {
    this.#held = held;
    this.#flow();
    if (!held) this.#pump();
  }

  /** Takes nothing more from the peer, and waits until what is under way is done. */
  async finishes(): Promise<void> {
    this.hold(true);
    await this.#work;
  }

  /** Closes: with a stream error (RFC 6120 §4.9.1.1), or orderly. */
  close(error?: StreamError): void {
    if (!this.open) return;
    this.#events.closing(false);
    if (error) {
      if (!this.#opened) this.reply({ id: "0" }); // §4.9.1.2: an error needs a stream
      this.send(error.toElement());
    }
    if (this.#opened) this.transport.write("</stream:stream>");
    this.#state = "closing";
    this.#parser = undefined;
    this.#held = false;
    this.#flow(); // the end of the connection is noticed only by who reads
    this.transport.close();
  }

  /** The transport's events; nobody else calls these. */
  data(bytes: string): void {
    this.#received += bytes.length;
    if (this.#parser === undefined) return;
    try {
      this.#parser.push(bytes);
    } catch (problem) {
      return this.#fail(problem);
    }
    if (this.#work || this.#held) return this.#flow();
    this.#pump();
  }

  drain(): void {
    this.#events.drained?.();
  }

  closed(reason: CloseReason): void {
    if (this.#state === "closed") return;
    if (this.open) this.#events.closing(true);
    this.#state = "closed";
    this.#parser = undefined;
    this.#events.ended(reason, this.#orderly);
  }

  #pump(): void {
    try {
      while (this.#parser !== undefined && !this.#work && !this.#held) {
        const next = this.#parser.next();
        if (next === undefined) break;
        const work = next === "closed" ? this.#end() : this.#take(next);
        if (work instanceof Promise) {
          this.#work = work.then(
            () => this.#settled(),
            (problem) => this.#failed(problem),
          );
        }
      }
    } catch (problem) {
      this.#fail(problem);
    }
    this.#flow();
  }

  #settled(): void {
    this.#work = undefined;
    this.#pump();
  }

  #failed(problem: unknown): void {
    this.#work = undefined;
    this.#fail(problem);
  }

  #take(element: Element): void | Promise<void> {
    if (this.#state === "open") return this.#events.element(element);
    if (!element.is(root)) {
      // §4.9.3.10: the root is <stream:stream/>; another name in its namespace is a bad format
      throw new StreamError(element.ns === streams ? "bad-format" : "invalid-namespace");
    }
    if (this.#parser?.declared !== this.#namespace) throw new StreamError("invalid-namespace"); // §4.8.3
    this.#state = "open";
    return this.#events.header(element);
  }

  #end(): void {
    this.#orderly = true;
    this.close();
  }

  #flow(): void {
    const full = this.#held || (this.#work !== undefined && (this.#parser?.buffered ?? 0) > readAhead);
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.transport.pause();
    else this.transport.resume();
  }

  #fail(problem: unknown): void {
    if (!this.open) return;
    const error = problem instanceof XmlError ? new StreamError(problem.condition, problem.message) : problem;
    if (error instanceof StreamError) {
      this.#events.refused(error);
      return this.close(error);
    }
    this.#events.broken(problem);
    this.close(new StreamError("internal-server-error"));
  }
}

/** An element with a prefix that the header declares; its children are in the content namespace, or declare theirs. */
function prefixed(element: Element, prefix: string): string {
  const name = `${prefix}:${element.name}`;
  const attrs = Object.entries(element.attrs).map(([key, value]) => ` ${key}='${quoted(value)}'`);
  const children = element.children.map((child) => (typeof child === "string" ? quoted(child) : child.wire(client)));
  return `<${name}${attrs.join("")}>${children.join("")}</${name}>`;
}

/** Text or the value of an attribute, as bytes. */
function quoted(value: string): string {
  return toBytes(value.replace(/[&<>'"]/g, (character) => `&#${character.charCodeAt(0)};`));
}
