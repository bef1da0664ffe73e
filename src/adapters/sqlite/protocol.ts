import type { DatabaseErrorKind, Value } from "#core/database.ts";

/**
 * What the two threads say to each other. A message to the worker is one flat array with many requests in order, and so
 * is the message back with as many replies in the same order: copying a flat array between threads costs a fraction of
 * copying objects.
 *
 * Request: op, then for a query: slot, text, number of values, values…; for a batch: number of queries, then each
 * query; for a savepoint its level. `text` is null where the worker already has the text of the slot.
 * Reply: 0 and the result, or 1, the kind of the error, its text. Result of a read: number of rows, names of the columns
 * (null where they were said before), cells…; of a batch: number of queries, rows changed by each…; else: rows changed.
 */
export const op = {
  all: 0,
  one: 1,
  run: 2,
  batch: 3,
  /** `all` and `one` on what is committed, while a transaction is open. */
  allCommitted: 4,
  oneCommitted: 5,
  begin: 6,
  commit: 7,
  rollback: 8,
  savepoint: 9,
  release: 10,
  rollbackTo: 11,
} as const;

export type Op = (typeof op)[keyof typeof op];

/** One element of a message. */
export type Cell = Value | readonly string[];

/** What the worker is started with. */
export interface WorkerOptions {
  readonly file: string;
  readonly busyTimeoutMs: number;
}

/** The first message of the worker: it is open, or why not. */
export type Opened =
  | { readonly open: true }
  | { readonly open: false; readonly kind: DatabaseErrorKind; readonly message: string };

/** How many statements both sides know by number. */
export const slotCount = 512;

/** A statement to execute, in the worker. */
export interface Statement {
  readonly slot: number;
  readonly text: string;
  readonly values: Value[];
}

/** A request as the worker executes it. */
export interface Request extends Statement {
  readonly op: Op;
  /** Of a batch. */
  readonly queries: readonly Statement[];
  /** Of a savepoint. */
  readonly level: number;
}

/** Takes a message apart. `texts` is the text of each slot, and is brought up to date. */
export function decode(message: readonly Cell[], texts: string[]): Request[] {
  const requests: Request[] = [];
  let cursor = 0;
  const statement = (): Statement => {
    const slot = message[cursor] as number;
    const text = message[cursor + 1] as string | null;
    const end = cursor + 3 + (message[cursor + 2] as number);
    if (text !== null) texts[slot] = text;
    const values = message.slice(cursor + 3, end) as Value[];
    cursor = end;
    return { slot, text: texts[slot] as string, values };
  };
  while (cursor < message.length) {
    const kind = message[cursor++] as Op;
    if (kind === op.batch) {
      const queries: Statement[] = [];
      for (let count = message[cursor++] as number; count > 0; count--) queries.push(statement());
      requests.push({ op: kind, slot: 0, text: "", values: [], queries, level: 0 });
    } else if (kind < op.begin) {
      const { slot, text, values } = statement();
      requests.push({ op: kind, slot, text, values, queries: [], level: 0 });
    } else {
      const level = message[cursor++] as number;
      requests.push({ op: kind, slot: 0, text: "", values: [], queries: [], level });
    }
  }
  return requests;
}

/** True for statements that surely change nothing; all others count as writes. */
export function readsOnly(text: string): boolean {
  const start = firstWord(text);
  if (start === "select" || start === "values") return true;
  return start === "with" && !/\b(insert|update|delete|replace)\b/i.test(text);
}

/** The verb of a statement, in lower case. */
export function firstWord(text: string): string {
  return /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? "";
}
