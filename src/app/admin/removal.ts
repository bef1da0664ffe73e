import { type Database, type Query, sql } from "#core/database.ts";
import type { Jid } from "#jid/jid.ts";

/**
 * Removes what features keep for an account. By the rule of the house every such table has a column `account` which holds
 * the bare JID; rows that depend on those go by their foreign keys. Resolves with the number of rows removed.
 */
export async function removeData(db: Database, account: Jid): Promise<number> {
  const tables = await db.all<{ name: string }>(
    sql`select m.name as name from sqlite_schema m join pragma_table_info(m.name) c
        where m.type = 'table' and c.name = 'account' order by m.name`,
  );
  if (tables.length === 0) return 0;
  const removed = await db.batch(tables.map(({ name }) => removal(name, account.bare.toString())));
  return removed.reduce((sum, count) => sum + count, 0);
}

/** The table's name comes from the schema, never from outside. */
function removal(table: string, account: string): Query {
  return { text: [`delete from "${table.replaceAll('"', '""')}" where account = `, ""], values: [account] };
}
