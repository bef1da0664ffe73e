import { type Database, DatabaseError, type Query } from "#core/database.ts";
import type { Channel, Pending } from "./channel.ts";
import { type Op, op } from "./protocol.ts";

export interface ScopeOptions {
  /** A transaction that takes longer is rolled back. */
  readonly transactionTimeoutMs: number;
  /** Queries that may wait; more are rejected as "unavailable". */
  readonly backlogLimit: number;
  /** Reads may see what is committed while a transaction is open. Not so for a database in memory. */
  readonly readsCommitted: boolean;
}

/** Something that waits until the transaction inside has ended. */
interface Waiting {
  readonly start: () => void;
  readonly reject: (error: Error) => void;
  readonly writes: boolean;
}

/** A transaction to be done, and its promise. */
interface Task<T> {
  readonly work: (db: Database) => Promise<T>;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A Database on the channel: the whole one (level 0), or a transaction in it (level 1), or a savepoint in that (level 2 and
 * on). While a scope inside is open, everything else of this scope waits, but reads of the whole database.
 */
export class Scope implements Database {
  readonly #channel: Channel;
  readonly #options: ScopeOptions;
  readonly #level: number;
  #waiting: Waiting[] = [];
  #waitingWrites = 0;
  #inner: Scope | undefined;
  /** Set when no more calls are taken; they are rejected with it. */
  #ended: Error | undefined;
  /** What has not been answered: in the whole database transactions, in a transaction everything. */
  #unanswered = 0;
  #closing: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;

  constructor(channel: Channel, options: ScopeOptions, level = 0) {
    this.#channel = channel;
    this.#options = options;
    this.#level = level;
    if (level === 0) channel.onFailure = (error) => this.#abort(error);
  }

  /** Queries that have not been answered. Thousands for more than a moment mean overload. */
  get backlog(): number {
    return this.#channel.backlog + this.#waiting.length;
  }

  all<Row>(query: Query): Promise<Row[]> {
    return this.#request(op.all, query, []) as Promise<Row[]>;
  }

  one<Row>(query: Query): Promise<Row | undefined> {
    return this.#request(op.one, query, []) as Promise<Row | undefined>;
  }

  run(query: Query): Promise<number> {
    return this.#request(op.run, query, []) as Promise<number>;
  }

  batch(queries: readonly Query[]): Promise<number[]> {
    return this.#request(op.batch, undefined, [...queries]) as Promise<number[]>;
  }

  transaction<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    // If it fails, it has undone its own part only: this scope goes on.
    this.#unanswered++;
    const promise = new Promise<T>((resolve, reject) => {
      this.#enqueue({ start: () => void this.#transact({ work, resolve, reject }), reject, writes: true });
    });
    return promise.finally(() => this.#answered());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#level > 0) throw new DatabaseError("invalid", "a transaction ends with its work, it is not closed");
    this.#ended ??= new DatabaseError("unavailable", "the database is closed");
    await this.#drained();
    await this.#channel.close();
  }

  #request(kind: Op, query: Query | undefined, queries: readonly Query[]): Promise<unknown> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(refusal);
    const promise = new Promise((resolve, reject) => {
      for (const one of queries) this.#channel.readsOnly(one);
      const reads = query !== undefined && this.#channel.readsOnly(query) && kind !== op.run;
      const pending: Pending = { op: kind, query, queries, level: this.#level, resolve, reject };
      if (reads && this.#inner && this.#level === 0 && this.#options.readsCommitted && this.#waitingWrites === 0) {
        this.#channel.post({ ...pending, op: kind === op.all ? op.allCommitted : op.oneCommitted });
      } else {
        this.#enqueue({ start: () => this.#channel.post(pending), reject, writes: !reads });
      }
    });
    if (this.#level > 0) this.#watch(promise);
    return promise;
  }

  /** A failing query spoils its transaction, so that what was only half done cannot be committed by mistake. */
  #watch(promise: Promise<unknown>): void {
    this.#unanswered++;
    promise.then(
      () => this.#answered(),
      (error: Error) => {
        this.#ended ??= error;
        this.#answered();
      },
    );
  }

  #refusal(): Error | undefined {
    if (this.#ended) return this.#ended;
    if (this.#level > 0 || this.backlog < this.#options.backlogLimit) return undefined;
    return new DatabaseError("unavailable", `the database is overloaded, ${this.backlog} queries wait`);
  }

  #enqueue(waiting: Waiting): void {
    if (!this.#inner) {
      waiting.start();
      return;
    }
    this.#waiting.push(waiting);
    if (waiting.writes) this.#waitingWrites++;
  }

  async #transact<T>({ work, resolve, reject }: Task<T>): Promise<void> {
    const inner = new Scope(this.#channel, this.#options, this.#level + 1);
    this.#inner = inner;
    const timer = this.#level === 0 ? this.#limitTime(inner, reject) : undefined;
    // Not awaited: if it fails, the engine answers everything up to the end of the transaction with the same error.
    this.#post(this.#level === 0 ? op.begin : op.savepoint).catch((error: Error) => inner.#abort(error));
    try {
      const result = await work(inner);
      await inner.#drained();
      if (inner.#ended) throw inner.#ended;
      inner.#ended = new DatabaseError("invalid", "the transaction has ended");
      await this.#leave(inner, this.#level === 0 ? op.commit : op.release);
      resolve(result);
    } catch (error) {
      await inner.#drained();
      inner.#ended ??= new DatabaseError("invalid", "the transaction was rolled back");
      await this.#leave(inner, this.#level === 0 ? op.rollback : op.rollbackTo).catch(() => {});
      reject(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #limitTime(inner: Scope, reject: (error: Error) => void): NodeJS.Timeout {
    const milliseconds = this.#options.transactionTimeoutMs;
    return setTimeout(() => {
      const error = new DatabaseError("unavailable", `a transaction was rolled back after ${milliseconds} ms`);
      inner.#abort(error);
      this.#leave(inner, op.rollback).catch(() => {});
      reject(error);
    }, milliseconds);
  }

  /** Ends the transaction inside, once; what waited goes on behind it. */
  #leave(inner: Scope, kind: Op): Promise<unknown> {
    if (this.#inner !== inner) return Promise.resolve();
    this.#inner = undefined;
    const done = this.#post(kind);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingWrites = 0;
    for (const one of waiting) this.#enqueue(one);
    return done;
  }

  #post(kind: Op): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const level = this.#level + 1;
      this.#channel.post({ op: kind, query: undefined, queries: [], level, resolve, reject });
    });
  }

  /** Takes no more calls and rejects those that wait, here and inside. Nothing is sent. */
  #abort(error: Error): void {
    this.#ended ??= error;
    const waiting = this.#waiting;
    const inner = this.#inner;
    this.#waiting = [];
    this.#waitingWrites = 0;
    this.#inner = undefined;
    for (const one of waiting) one.reject(error);
    if (inner) inner.#abort(error);
  }

  #answered(): void {
    if (--this.#unanswered === 0) this.#onDrained?.();
  }

  #drained(): Promise<void> {
    if (this.#unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }
}
