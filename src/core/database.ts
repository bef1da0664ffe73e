/**
 * The database as features see it: one portable SQL, small verbs, promises that mean "on disk".
 *
 * The portable subset: `select`, `insert`, `update`, `delete`, common table expressions, `returning`, `on conflict`,
 * `limit` and `offset`; column types `integer` (64 bits), `text`, `blob`, `real`; `integer primary key` for a number that
 * the database chooses. No literal question mark (pass it as a value), one statement per query.
 */

export type Value = string | number | bigint | Uint8Array | null;

/** A statement and its values: `values[i]` stands between `text[i]` and `text[i + 1]`. Made by `sql`. */
export interface Query {
  readonly text: readonly string[];
  readonly values: readonly Value[];
}

export interface Database {
  /**
   * All rows, in order. A read sees every `run` and `batch` called before it on the same Database, and every transaction
   * that ended before. Integers come back as numbers,
   * beyond 2^53 as bigint; blobs as Uint8Array. With `insert … returning`, it resolves only when the row is on disk.
   */
  all<Row>(query: Query): Promise<Row[]>;
  /** The first row, if there is one. */
  one<Row>(query: Query): Promise<Row | undefined>;
  /** Changes rows; resolves with their number, only when they are committed and on disk. */
  run(query: Query): Promise<number>;
  /** Several changes at once, all or nothing; resolves with the number of rows each changed, when all are on disk. */
  batch(queries: readonly Query[]): Promise<number[]>;
  /**
   * Reads and writes that belong together. `work` must use the Database it is given, and only until it returns. Nothing
   * else is written meanwhile, so it must be short: after the adapter's limit it is rolled back and rejected. If `work`
   * throws, everything is rolled back and the same error comes out. A query that fails inside spoils the transaction, even
   * if its error is caught; only a transaction in the transaction can fail alone. Prefer `batch` where it does: it needs no
   * round trips and shares its commit with others.
   */
  transaction<T>(work: (db: Database) => Promise<T>): Promise<T>;
  /** Finishes what was asked for before, then lets go of the database. Later calls are rejected as "unavailable". */
  close(): Promise<void>;
}

/**
 * Why a query failed. `full`: no room on disk, works again once there is. `constraint`: a unique, foreign, check or
 * not-null rule was broken. `unavailable`: the database is closed, locked, broken or overloaded. `invalid`: the query
 * itself is wrong, which is a bug.
 */
export type DatabaseErrorKind = "full" | "constraint" | "unavailable" | "invalid";

/** What every failing query rejects with. Its text is for logs, never for peers. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly kind: DatabaseErrorKind;

  constructor(kind: DatabaseErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** What a template may hold: `undefined` becomes null, booleans become 0 or 1, a query becomes part of the query. */
export type Part = Value | boolean | undefined | Query;

/**
 * Builds a query: ``sql`select name from roster where owner = ${owner}` ``. Values never become text. Byte arrays must not
 * be changed until the query has resolved. Throws a DatabaseError ("invalid") for NaN and infinities.
 */
export function sql(text: TemplateStringsArray, ...parts: Part[]): Query {
  for (const part of parts) if (isQuery(part)) return nest(text, parts);
  // The template's own array is kept: it is the same at each call, so that adapters can know a statement by identity.
  return { text, values: parts.map((part) => toValue(part as Value)) };
}

/**
 * A list for `in`: ``sql`select … where name in ${list(names)}` ``. The last value is repeated up to a power of two, so that
 * a few statements serve all lengths. An empty list holds null, so that `in` finds nothing (and so does `not in`).
 */
export function list(values: readonly Value[]): Query {
  const padded = values.length === 0 ? [null] : values.map(toValue);
  const last = padded.at(-1) as Value;
  while ((padded.length & (padded.length - 1)) !== 0) padded.push(last);
  return { text: ["(", ...new Array<string>(padded.length - 1).fill(", "), ")"], values: padded };
}

function nest(text: readonly string[], parts: readonly Part[]): Query {
  const texts = [text[0] ?? ""];
  const values: Value[] = [];
  for (const [index, part] of parts.entries()) {
    if (isQuery(part)) {
      texts[texts.length - 1] += part.text[0] ?? "";
      texts.push(...part.text.slice(1));
      values.push(...part.values);
      texts[texts.length - 1] += text[index + 1] ?? "";
    } else {
      values.push(toValue(part));
      texts.push(text[index + 1] ?? "");
    }
  }
  return { text: texts, values };
}

function isQuery(part: Part): part is Query {
  return typeof part === "object" && part !== null && "text" in part;
}

function toValue(part: Value | boolean | undefined): Value {
  if (part === undefined) return null;
  if (typeof part === "boolean") return part ? 1 : 0;
  if (typeof part === "number" && !Number.isFinite(part))
    throw new DatabaseError("invalid", `${part} cannot be stored`);
  return part;
}
