import { type Database, DatabaseError, type Query, sql } from "#core/database.ts";

/** Words of a search that are looked at. */
const mostWords = 16;
const longestWord = 64;

/**
 * Makes the index of words (SQLite's FTS5), without a copy of the texts; false where the database cannot. It is no
 * migration, as the rest works without it. An index that was turned off is emptied, since it would lack messages.
 */
export async function prepareSearch(db: Database, wanted: boolean): Promise<boolean> {
  try {
    if (!wanted) {
      await db.run(sql`drop table if exists archive_text`);
      return false;
    }
    await db.run(sql`create virtual table if not exists archive_text using fts5(
      owner, body, content='', contentless_delete=1, detail=column, tokenize="unicode61 remove_diacritics 2")`);
    return true;
  } catch (problem) {
    if (problem instanceof DatabaseError && problem.kind === "invalid") return false;
    throw problem;
  }
}

/** Indexes a body for those who have the message in their archive, by their numbers. */
export function insertText(id: number, body: string, owners: readonly number[]): Query {
  return sql`insert or replace into archive_text (rowid, owner, body) values (${id}, ${`o${owners.join(" o")}`}, ${body})`;
}

export function removeText(id: number): Query {
  return sql`delete from archive_text where rowid = ${id}`;
}

/** Ids of messages in an archive whose body has all the words; the last one may be unfinished. */
export function matching(owner: number, words: readonly string[]): Query {
  const all = words.map((word, index) => `body : "${word}"${index === words.length - 1 ? " *" : ""}`);
  return sql`select rowid from archive_text where archive_text match ${[`owner : "o${owner}"`, ...all].join(" AND ")}`;
}

/** The words of a search, at most 16; what is no letter or digit separates them. */
export function wordsOf(text: string): string[] {
  const found = text.normalize("NFC").match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  return found.slice(0, mostWords).map((word) => word.slice(0, longestWord));
}
