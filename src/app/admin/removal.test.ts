import assert from "node:assert/strict";
import { test } from "node:test";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { removeData } from "./removal.ts";

test("everything kept for an account goes, and nothing else", async () => {
  const db = await openSqlite({ file: ":memory:" });
  await db.batch([
    sql`create table roster (account text not null, contact text not null)`,
    sql`create table vcard (account text primary key, xml text not null)`,
    sql`create table room (name text primary key)`,
    sql`insert into roster values ('romeo@example.com', 'juliet@example.com'), ('romeo@example.com', 'nurse@example.com'),
        ('juliet@example.com', 'romeo@example.com')`,
    sql`insert into vcard values ('romeo@example.com', '<vCard/>')`,
    sql`insert into room values ('romeo@example.com')`,
  ]);
  assert.equal(await removeData(db, Jid.parse("romeo@example.com")), 3);
  assert.deepEqual(await db.all(sql`select account from roster`), [{ account: "juliet@example.com" }]);
  assert.deepEqual(await db.all(sql`select * from vcard`), []);
  assert.equal((await db.all(sql`select * from room`)).length, 1);
  await db.close();
});
