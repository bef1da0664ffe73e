import { Worker } from "node:worker_threads";
import { type Database, DatabaseError } from "#core/database.ts";
import { Channel } from "./channel.ts";
import { Pace } from "./pace.ts";
import type { Opened, WorkerOptions } from "./protocol.ts";
import { Scope } from "./scope.ts";

export interface SqliteOptions {
  /** Path of the database file, made if it is missing (its folder is not), or ":memory:" for one that ends with close(). */
  readonly file: string;
  /** How long to wait for another process that writes. Default 5 s. */
  readonly busyTimeoutMs?: number;
  /** A transaction that takes longer is rolled back and rejected as "unavailable". Default 30 s. */
  readonly transactionTimeoutMs?: number;
  /** Queries that may wait; more are rejected as "unavailable". Default 100 000. */
  readonly backlogLimit?: number;
}

/** Many in a row for a caller who awaits each; 4 ms apart when it goes on. */
const commits = { burst: 200, perSecond: 250 };
/** In memory, a commit costs nothing. */
const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };

export interface SqliteDatabase extends Database {
  /** Queries that have not been answered. Thousands for more than a moment mean overload. */
  readonly backlog: number;
}

/**
 * Opens a database in one file (SQLite in a thread of its own), for one server process and now and then a command beside
 * it. A file that a killed process left behind is recovered. Rejects with a DatabaseError if it cannot be opened.
 */
export async function openSqlite(options: SqliteOptions): Promise<SqliteDatabase> {
  const workerData: WorkerOptions = { file: options.file, busyTimeoutMs: options.busyTimeoutMs ?? 5_000 };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData, name: "sqlite" });
  await opened(worker);
  const pace = new Pace(options.file === ":memory:" ? unlimited : commits, performance.now());
  return new Scope(new Channel(worker, pace), {
    transactionTimeoutMs: options.transactionTimeoutMs ?? 30_000,
    backlogLimit: options.backlogLimit ?? 100_000,
    readsCommitted: options.file !== ":memory:",
  });
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message: Opened) => {
      worker.off("error", reject);
      if (message.open) resolve();
      else reject(new DatabaseError(message.kind, message.message));
    });
  });
}
