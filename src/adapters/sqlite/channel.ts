import type { Worker } from "node:worker_threads";
import { DatabaseError, type DatabaseErrorKind, type Query, type Value } from "#core/database.ts";
import type { Pace } from "./pace.ts";
import { type Cell, type Op, op } from "./protocol.ts";
import { type KnownStatement, Statements } from "./statements.ts";

/** Messages under way to the worker: one it works on, one that waits there, so that it never idles. */
const messagesInFlight = 2;
/** More requests than this in one message, and so in one transaction, would make the first of them wait for too long. */
const requestsPerMessage = 1000;
/** With so many, each bears little of the cost of the commit: there is no point in waiting for more. */
const worthCommitting = 24;

/** A request that waits for its reply. */
export interface Pending {
  readonly op: Op;
  readonly query: Query | undefined;
  readonly queries: readonly Query[];
  /** 0 outside transactions. */
  readonly level: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One placed request, kept until its reply is read. */
interface Sent {
  readonly pending: Pending;
  readonly statement: KnownStatement | undefined;
}

/**
 * The line to the worker: first in, first out. What is asked in one turn of the event loop, or while the worker is busy,
 * goes as one message.
 */
export class Channel {
  readonly #worker: Worker;
  readonly #statements = new Statements();
  #outgoing: Pending[] = [];
  #inFlight: Sent[][] = [];
  #flushing: NodeJS.Immediate | undefined;
  readonly #pace: Pace;
  #holding: NodeJS.Timeout | undefined;
  /** Something outgoing must not wait; something outgoing will be committed. */
  #urgent = false;
  #writes = false;
  #failure: DatabaseError | undefined;
  #backlog = 0;
  #exited = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  /** Told once, when the channel stops working. */
  onFailure: ((error: DatabaseError) => void) | undefined;

  /** The worker has said that it is open. */
  constructor(worker: Worker, pace: Pace) {
    this.#worker = worker;
    this.#pace = pace;
    worker.on("message", (reply: Cell[]) => this.#receive(reply));
    worker.on("error", (error) =>
      this.fail(new DatabaseError("unavailable", "the database thread died", { cause: error })),
    );
    worker.on("exit", () => {
      this.#exited = true;
      this.fail(new DatabaseError("unavailable", "the database thread ended"));
    });
  }

  /** Queries without a reply yet. */
  get backlog(): number {
    return this.#backlog;
  }

  /** True for a query that surely changes nothing. Throws a DatabaseError ("invalid") for a text that cannot be sent. */
  readsOnly(query: Query): boolean {
    return this.#statements.find(query).readsOnly;
  }

  post(pending: Pending): void {
    if (this.#failure) {
      pending.reject(this.#failure);
      return;
    }
    this.#backlog += weight(pending);
    this.#outgoing.push(pending);
    if (this.#patient(pending)) this.#writes = true;
    else this.#urgent = true;
    this.#schedule();
  }

  /** Rejects everything under way and everything that comes. The first reason stands. */
  fail(reason: DatabaseError): void {
    if (this.#failure) return;
    this.#failure = reason;
    clearImmediate(this.#flushing);
    clearTimeout(this.#holding);
    const waiting = [...this.#inFlight.flat().map((sent) => sent.pending), ...this.#outgoing];
    this.#inFlight = [];
    this.#outgoing = [];
    this.#backlog = 0;
    for (const pending of waiting) pending.reject(reason);
    this.onFailure?.(reason);
    this.#onIdle?.();
  }

  /** Closes the database once everything posted has been answered. Resolves when the thread has ended. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#outgoing.length + this.#inFlight.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    const ended = new Promise<void>((resolve) => {
      if (this.#exited) resolve();
      else this.#worker.once("exit", () => resolve());
    });
    this.fail(new DatabaseError("unavailable", "the database is closed"));
    this.#worker.postMessage(null);
    await ended;
  }

  /** True for a request that may wait a little for others to commit with. */
  #patient({ op: kind, query, level }: Pending): boolean {
    // In a transaction others wait for its end.
    if (level > 0) return false;
    return kind === op.run || kind === op.batch || (query !== undefined && !this.readsOnly(query));
  }

  #schedule(): void {
    if (this.#flushing || this.#inFlight.length >= messagesInFlight) return;
    const hurry = this.#urgent || this.#outgoing.length >= worthCommitting;
    const wait = hurry ? 0 : this.#pace.wait(performance.now());
    if (wait > 0) {
      this.#holding ??= setTimeout(() => this.#release(), wait);
    } else {
      clearTimeout(this.#holding);
      this.#holding = undefined;
      this.#flushing = setImmediate(() => this.#flush());
    }
  }

  #release(): void {
    this.#holding = undefined;
    if (!this.#flushing && this.#inFlight.length < messagesInFlight) this.#flush();
  }

  #flush(): void {
    this.#flushing = undefined;
    if (this.#writes) this.#pace.take(performance.now());
    const batch =
      this.#outgoing.length <= requestsPerMessage ? this.#outgoing : this.#outgoing.slice(0, requestsPerMessage);
    this.#outgoing = this.#outgoing === batch ? [] : this.#outgoing.slice(requestsPerMessage);
    if (this.#outgoing.length === 0) this.#urgent = this.#writes = false;
    const message: Cell[] = [];
    this.#inFlight.push(batch.map((pending) => this.#encode(pending, message)));
    this.#worker.postMessage(message);
    if (this.#outgoing.length > 0) this.#schedule();
  }

  #encode(pending: Pending, message: Cell[]): Sent {
    message.push(pending.op);
    if (pending.query) return { pending, statement: this.#encodeQuery(pending.query, message) };
    if (pending.op === op.batch) {
      message.push(pending.queries.length);
      for (const query of pending.queries) this.#encodeQuery(query, message);
    } else {
      message.push(pending.level);
    }
    return { pending, statement: undefined };
  }

  #encodeQuery(query: Query, message: Cell[]): KnownStatement {
    const statement = this.#statements.find(query);
    const text = this.#statements.place(statement);
    message.push(statement.slot, text, query.values.length);
    for (const value of query.values) message.push(compact(value));
    return statement;
  }

  #receive(reply: Cell[]): void {
    const batch = this.#inFlight.shift() ?? [];
    let cursor = 0;
    for (const sent of batch) {
      this.#backlog -= weight(sent.pending);
      cursor = settle(sent, reply, cursor);
    }
    if (this.#outgoing.length > 0) this.#schedule();
    else if (this.#inFlight.length === 0) this.#onIdle?.();
  }
}

function weight(pending: Pending): number {
  return Math.max(1, pending.queries.length);
}

/** Copying a view to another thread copies the whole memory behind it, for a small Buffer a pool of 8 KiB. */
function compact(value: Value): Value {
  if (!(value instanceof Uint8Array) || value.byteLength === value.buffer.byteLength) return value;
  return new Uint8Array(value);
}

/** Settles a request with the reply at the cursor, and returns where the next reply starts. */
function settle(sent: Sent, reply: readonly Cell[], start: number): number {
  const { pending } = sent;
  if (reply[start] === 1) {
    pending.reject(new DatabaseError(reply[start + 1] as DatabaseErrorKind, reply[start + 2] as string));
    return start + 3;
  }
  if (sent.statement && pending.op !== op.run) return settleRead(sent, sent.statement, { reply, start: start + 1 });
  if (pending.op !== op.batch) {
    pending.resolve(reply[start + 1]);
    return start + 2;
  }
  const end = start + 2 + (reply[start + 1] as number);
  pending.resolve(reply.slice(start + 2, end));
  return end;
}

function settleRead(
  { pending }: Sent,
  statement: KnownStatement,
  from: { reply: readonly Cell[]; start: number },
): number {
  const { reply, start } = from;
  const count = reply[start] as number;
  const news = reply[start + 1] as readonly string[] | null;
  if (news) statement.columns = news;
  const rows: Record<string, Cell>[] = [];
  let cursor = start + 2;
  for (let index = 0; index < count; index++) {
    const row: Record<string, Cell> = {};
    for (const column of statement.columns) row[column] = reply[cursor++] as Cell;
    rows.push(row);
  }
  pending.resolve(pending.op === op.one || pending.op === op.oneCommitted ? rows[0] : rows);
  return cursor;
}
