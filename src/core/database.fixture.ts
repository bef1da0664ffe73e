import assert from "node:assert/strict";
import { type Database, DatabaseError, type DatabaseErrorKind, type Query, sql } from "#core/database.ts";

/** An empty database to test. */
export interface DatabaseUnderTest {
  /** Opens the same database, each time anew. */
  open(): Promise<Database>;
  /** Opens one whose transactions are rolled back after this many milliseconds. */
  openImpatient(transactionTimeoutMs: number): Promise<Database>;
  /** Removes what is left of it; everything opened has been closed. */
  dispose(): Promise<void>;
}

export type Test = (db: Database) => Promise<void>;

/** The table of the tests. */
export const roster = sql`create table roster (
  id integer primary key, owner text not null, name text not null, picture blob, score real, seen integer,
  unique (owner, name))`;

export const insert = (name: string): Query => sql`insert into roster (owner, name) values ('romeo', ${name})`;
export const names = async (db: Database): Promise<string[]> =>
  (await db.all<{ name: string }>(sql`select name from roster order by name`)).map((row) => row.name);

/** Passes if the promise is rejected with a DatabaseError of this kind. */
export function fails(promise: Promise<unknown>, kind: DatabaseErrorKind): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof DatabaseError && error.kind === kind);
}

/** Declares a test with a fresh database that holds the table. */
export type Check = (what: string, test: Test) => void;
