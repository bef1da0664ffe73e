import { DatabaseError } from "#core/database.ts";
import { Connection } from "./connection.ts";
import { type Cell, decode, type Op, op, type Request, readsOnly, type WorkerOptions } from "./protocol.ts";

/** The writes of a message so far, in one open transaction: the first of them, and the length of the reply before it. */
interface Group {
  readonly first: number;
  readonly reply: number;
}

/**
 * Executes messages, in the worker. All writes of a message outside a transaction are one SQLite transaction, so that they
 * share one fsync (group commit). What that hides from the callers: a failing request does not take others along, and if
 * the group as a whole fails (disk full, a constraint checked at commit), each request is executed again on its own.
 */
export class Engine {
  readonly #options: WorkerOptions;
  readonly #writer: Connection;
  #reader: Connection | undefined;
  readonly #texts: string[] = [];
  #requests: Request[] = [];
  #reply: Cell[] = [];
  #group: Group | undefined;
  #interactive = false;
  /** Why the open transaction can only be rolled back: it could not begin, or SQLite has undone it already. */
  #spoilt: DatabaseError | undefined;
  /** The file was found locked by another process: the rest of the message does not wait once more. */
  #locked: DatabaseError | undefined;

  /** Opens the file, and recovers it where a process died. Throws a DatabaseError. */
  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#writer = new Connection(options.file, { busyTimeoutMs: options.busyTimeoutMs, readOnly: false });
    for (const pragma of pragmas) this.#writer.execute(`pragma ${pragma}`);
  }

  /** Executes requests in order and returns their replies, when all is on disk. A failing request is a reply, too. */
  execute(message: Cell[]): Cell[] {
    this.#requests = decode(message, this.#texts);
    this.#reply = [];
    this.#locked = undefined;
    for (let index = 0; index < this.#requests.length; index++) this.#step(index);
    this.#commitGroup(this.#requests.length);
    const reply = this.#reply;
    this.#requests = [];
    this.#reply = [];
    return reply;
  }

  /** Moves what was committed from the log into the database file, as far as no reader needs it. Throws a DatabaseError. */
  checkpoint(): void {
    if (!this.#interactive) this.#writer.execute("pragma wal_checkpoint(passive)");
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
    this.#writer.close();
  }

  #step(index: number): void {
    const request = this.#requests[index] as Request;
    if (request.op >= op.begin || standsAlone(request)) this.#commitGroup(index);
    else if (!this.#interactive && !this.#group && this.#requests.length > 1 && writes(request)) this.#openGroup(index);
    this.#answer(request);
    // SQLite itself rolls back the whole transaction when the disk is full or fails.
    if (this.#group && !this.#writer.inTransaction) this.#repeatGroup(index + 1);
  }

  /** Performs a request and appends its reply, or its error. */
  #answer(request: Request): void {
    const length = this.#reply.length;
    try {
      const refusal = this.#refusal(request);
      if (refusal) throw refusal;
      this.#reply.push(0);
      this.#perform(request);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      this.#reply.length = length;
      this.#reply.push(1, error.kind, error.message);
      if (this.#interactive && !this.#writer.inTransaction) this.#spoilt ??= error;
    }
  }

  #refusal(request: Request): DatabaseError | undefined {
    if (request.op === op.allCommitted || request.op === op.oneCommitted) return undefined;
    if (this.#interactive) return request.op === op.rollback || request.op === op.commit ? undefined : this.#spoilt;
    return writes(request) ? this.#locked : undefined;
  }

  #perform(request: Request): void {
    switch (request.op) {
      case op.run:
        this.#reply.push(this.#writer.run(request));
        return;
      case op.all:
      case op.one:
        this.#writer.read(request, request.op === op.all ? "all" : "one", this.#reply);
        return;
      case op.allCommitted:
      case op.oneCommitted:
        this.#committed().read(request, request.op === op.allCommitted ? "all" : "one", this.#reply);
        return;
      case op.batch:
        this.#performBatch(request);
        return;
      default:
        this.#control(request);
        this.#reply.push(0);
    }
  }

  /** All or nothing: a savepoint where a transaction is open, else a transaction. */
  #performBatch(request: Request): void {
    const nested = this.#writer.inTransaction;
    this.#writer.execute(nested ? "savepoint batch" : "begin immediate");
    try {
      this.#reply.push(request.queries.length);
      for (const query of request.queries) this.#reply.push(this.#writer.run(query));
      this.#writer.execute(nested ? "release batch" : "commit");
    } catch (error) {
      if (this.#writer.inTransaction) this.#writer.execute(nested ? "rollback to batch" : "rollback");
      if (nested && this.#writer.inTransaction) this.#writer.execute("release batch");
      throw error;
    }
  }

  #control(request: Request): void {
    const name = `level${request.level}`;
    if (request.op === op.begin) {
      this.#interactive = true;
      this.#writer.execute("begin immediate");
    } else if (request.op === op.commit || request.op === op.rollback) {
      this.#endTransaction(request.op);
    } else if (request.op === op.savepoint) {
      this.#writer.execute(`savepoint ${name}`);
    } else if (request.op === op.release) {
      this.#writer.execute(`release ${name}`);
    } else {
      this.#writer.execute(`rollback to ${name}`);
      this.#writer.execute(`release ${name}`);
    }
  }

  #endTransaction(end: Op): void {
    const spoilt = this.#spoilt;
    this.#interactive = false;
    this.#spoilt = undefined;
    try {
      if (end === op.commit && spoilt) throw spoilt;
      if (end === op.commit) this.#writer.execute("commit");
    } finally {
      if (this.#writer.inTransaction) this.#writer.execute("rollback");
    }
  }

  #openGroup(index: number): void {
    if (this.#locked) return;
    try {
      this.#writer.execute("begin immediate");
      this.#group = { first: index, reply: this.#reply.length };
    } catch (error) {
      this.#locked = error as DatabaseError;
    }
  }

  #commitGroup(end: number): void {
    if (!this.#group) return;
    try {
      this.#writer.execute("commit");
      this.#group = undefined;
    } catch {
      this.#repeatGroup(end);
    }
  }

  /** Nothing of the group was kept: does its requests again up to `end`, each in its own transaction. */
  #repeatGroup(end: number): void {
    const { first, reply } = this.#group as Group;
    this.#group = undefined;
    if (this.#writer.inTransaction) this.#writer.execute("rollback");
    this.#reply.length = reply;
    for (const request of this.#requests.slice(first, end)) this.#answer(request);
  }

  /** A second connection, which sees only what is committed. Opened when the first read needs it. */
  #committed(): Connection {
    this.#reader ??= new Connection(this.#options.file, { busyTimeoutMs: this.#options.busyTimeoutMs, readOnly: true });
    return this.#reader;
  }
}

const pragmas = [
  "journal_mode = wal",
  // Every commit is on disk before it is answered.
  "synchronous = full",
  "foreign_keys = on",
  "trusted_schema = off",
  "temp_store = memory",
  // KiB, negative: 16 MiB of pages.
  "cache_size = -16384",
  // After a burst, the log shrinks back to 64 MiB.
  "journal_size_limit = 67108864",
  // The worker checkpoints by itself; this is for what it may miss, in pages.
  "wal_autocheckpoint = 1000",
] as const;

/** Vacuum and some pragmas are refused in a transaction. */
function standsAlone(request: Request): boolean {
  return request.op !== op.batch && /^(vacuum|pragma)\b/i.test(request.text);
}

function writes(request: Request): boolean {
  if (request.op === op.run || request.op === op.batch) return true;
  return (request.op === op.all || request.op === op.one) && !readsOnly(request.text);
}
