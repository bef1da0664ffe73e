import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { DatabaseError, type DatabaseErrorKind, type Value } from "#core/database.ts";
import { type Cell, firstWord, readsOnly, type Statement } from "./protocol.ts";

interface Prepared {
  readonly text: string;
  readonly statement: StatementSync;
  readonly changes: boolean;
  columns: readonly string[];
  /** The names of the columns have been said since the schema last changed. */
  announced: boolean;
  bigints: boolean;
}

/** One SQLite connection with its prepared statements, in the worker. Every error it throws is a DatabaseError. */
export class Connection {
  readonly #db: DatabaseSync;
  readonly #prepared: (Prepared | undefined)[] = [];
  readonly #own = new Map<string, StatementSync>();

  constructor(file: string, options: { busyTimeoutMs: number; readOnly: boolean }) {
    try {
      // It holds credentials: nobody else may read it. SQLite gives its log the same rights.
      if (!options.readOnly && file !== ":memory:") closeSync(openSync(file, "a", 0o600));
      this.#db = new DatabaseSync(file, { readOnly: options.readOnly, timeout: options.busyTimeoutMs });
    } catch (error) {
      throw toDatabaseError(error, file);
    }
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** Runs a statement of the adapter's own, such as `commit`; it is kept prepared. */
  execute(text: string): void {
    try {
      let statement = this.#own.get(text);
      if (!statement) {
        statement = this.#db.prepare(text);
        this.#own.set(text, statement);
      }
      statement.run();
    } catch (error) {
      throw toDatabaseError(error, text);
    }
  }

  close(): void {
    this.#prepared.length = 0;
    this.#own.clear();
    this.#db.close();
  }

  /** Runs a statement and returns how many rows it changed. */
  run({ slot, text, values }: Statement): number {
    try {
      const prepared = this.#prepare(slot, text);
      const { changes } = prepared.statement.run(...bind(values));
      if (prepared.changes) return Number(changes);
      // For anything else SQLite repeats the number of the last change. It may have changed the schema.
      this.#forgetColumns();
      return 0;
    } catch (error) {
      throw toDatabaseError(error, text);
    }
  }

  /** Appends the rows to `reply`: their number, the columns if they are news, the cells. */
  read({ slot, text, values }: Statement, limit: "one" | "all", reply: Cell[]): void {
    try {
      const prepared = this.#prepare(slot, text);
      const rows = readRows(prepared, bind(values), limit);
      append(prepared, rows, reply);
    } catch (error) {
      throw toDatabaseError(error, text);
    }
  }

  #prepare(slot: number, text: string): Prepared {
    const known = this.#prepared[slot];
    if (known?.text === text) return known;
    const statement = this.#db.prepare(text);
    statement.setReturnArrays(true);
    const start = firstWord(text);
    const changes = ["insert", "update", "delete", "replace", "with"].includes(start);
    // A statement that changes rows cannot be run again when a number turns out too large, so it reads bigints at once.
    const bigints = !readsOnly(text);
    statement.setReadBigInts(bigints);
    const prepared = { text, statement, changes, columns: [], announced: false, bigints };
    this.#prepared[slot] = prepared;
    return prepared;
  }

  #forgetColumns(): void {
    for (const prepared of this.#prepared) if (prepared) prepared.announced = false;
  }
}

type Row = Cell[];

function readRows(prepared: Prepared, values: SQLInputValue[], limit: "one" | "all"): Row[] {
  try {
    if (limit === "all") return prepared.statement.all(...values) as unknown as Row[];
    const row = prepared.statement.get(...values) as unknown as Row | undefined;
    return row === undefined ? [] : [row];
  } catch (error) {
    if (prepared.bigints || (error as { code?: string }).code !== "ERR_OUT_OF_RANGE") throw error;
    prepared.bigints = true;
    prepared.statement.setReadBigInts(true);
    return readRows(prepared, values, limit);
  }
}

function append(prepared: Prepared, rows: Row[], reply: Cell[]): void {
  reply.push(rows.length);
  const width = rows[0]?.length ?? 0;
  // Another process may have changed the table that a `select *` reads.
  const news = rows.length > 0 && (!prepared.announced || width !== prepared.columns.length);
  if (news) {
    prepared.columns = prepared.statement.columns().map((column) => column.name);
    prepared.announced = true;
  }
  reply.push(news ? prepared.columns : null);
  for (const row of rows) {
    for (let index = 0; index < width; index++) {
      const cell = row[index] as Value;
      reply.push(typeof cell === "bigint" ? toNumber(cell) : cell);
    }
  }
}

function toNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Node binds every number as a real, so that 5 becomes "5.0" in a text column: whole numbers go as integers. */
function bind(values: Value[]): SQLInputValue[] {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === "number" && Number.isSafeInteger(value)) values[index] = BigInt(value);
  }
  return values;
}

const kinds: Readonly<Record<number, DatabaseErrorKind>> = {
  // Numbers of https://sqlite.org/rescode.html: error, too big, mismatch, misuse, authorization, range.
  1: "invalid",
  18: "invalid",
  20: "invalid",
  21: "invalid",
  23: "invalid",
  25: "invalid",
  13: "full",
  19: "constraint",
};

/** SQLITE_IOERR_WRITE. SQLite knows ENOSPC alone as full: a quota, or a limit to the size of files, comes as this. */
const writeFailed = 778;

/** Everything thrown by node:sqlite as a DatabaseError; `context` is the statement or the file. */
export function toDatabaseError(error: unknown, context: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, errcode, message } = error as { code?: string; errcode?: number; message: string };
  if ((error as NodeJS.ErrnoException).syscall !== undefined) return new DatabaseError("unavailable", message);
  if (code !== "ERR_SQLITE_ERROR" || errcode === undefined)
    return new DatabaseError("invalid", `${message}: ${context}`);
  const kind = errcode === writeFailed ? "full" : (kinds[errcode & 0xff] ?? "unavailable");
  return new DatabaseError(kind, `${message} (SQLite ${errcode}): ${context}`);
}
