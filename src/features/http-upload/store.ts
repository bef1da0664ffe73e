import { type Database, sql } from "#core/database.ts";

/**
 * Files that are there. `account`: whose, a bare JID. `created`, `until` in milliseconds since the epoch; `until`: when it
 * goes although others of its age stay, or null.
 */
export const migrations = [
  `create table uploaded_file (
     id text primary key, account text not null, name text not null, type text not null, size integer not null,
     sha256 blob not null, created integer not null, until integer);
   create index uploaded_file_account on uploaded_file (account, created);
   create index uploaded_file_created on uploaded_file (created)`,
];

/** A file that somebody has uploaded. */
export interface StoredFile {
  readonly id: string;
  /** The bare address of its owner. */
  readonly account: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly created: number;
  readonly until: number | null;
}

/** What somebody's files, or all, take. */
export interface Usage {
  readonly account: string;
  readonly files: number;
  readonly bytes: number;
}

/** A part of what there is: behind an id, so many. */
export interface Page {
  readonly after: string;
  readonly limit: number;
}

const columns = sql`id, account, name, type, size, sha256, created, until`;

/** What the database knows of files. */
export class FileTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Resolves when it is on disk. @throws DatabaseError `constraint` if there is one of that id */
  async add(file: StoredFile): Promise<void> {
    const { id, account, name, type, size, sha256, created, until } = file;
    await this.#db.run(
      sql`insert into uploaded_file (id, account, name, type, size, sha256, created, until)
          values (${id}, ${account}, ${name}, ${type}, ${size}, ${sha256}, ${created}, ${until})`,
    );
  }

  find(id: string): Promise<StoredFile | undefined> {
    return this.#db.one(sql`select ${columns} from uploaded_file where id = ${id}`);
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#db.run(sql`delete from uploaded_file where id = ${id}`)) > 0;
  }

  async used(account: string): Promise<number> {
    const row = await this.#db.one<{ bytes: number }>(
      sql`select coalesce(sum(size), 0) as bytes from uploaded_file where account = ${account}`,
    );
    return row?.bytes ?? 0;
  }

  /** The oldest first; of one account, or of all. */
  oldest(account: string, limit: number): Promise<StoredFile[]> {
    return this.#db.all(
      sql`select ${columns} from uploaded_file where account = ${account} order by created, id limit ${limit}`,
    );
  }

  /** A page of all files, or of those of one account, by id. */
  page({ account, after, limit }: Page & { readonly account?: string | undefined }) {
    const whose = account === undefined ? sql`1 = 1` : sql`account = ${account}`;
    return this.#db.all<StoredFile>(
      sql`select ${columns} from uploaded_file where ${whose} and id > ${after} order by id limit ${limit}`,
    );
  }

  /** A page, by id, of those that are older than a moment, or whose own time has come. */
  due(before: number, now: number, { after, limit }: Page): Promise<StoredFile[]> {
    return this.#db.all(
      sql`select ${columns} from uploaded_file
          where (created <= ${before} or until <= ${now}) and id > ${after} order by id limit ${limit}`,
    );
  }

  /** Who has most comes first. */
  usage(limit: number): Promise<Usage[]> {
    return this.#db.all(
      sql`select account, count(*) as files, sum(size) as bytes from uploaded_file
          group by account order by bytes desc, account limit ${limit}`,
    );
  }

  async total(account?: string): Promise<{ readonly files: number; readonly bytes: number }> {
    const whose = account === undefined ? sql`1 = 1` : sql`account = ${account}`;
    const row = await this.#db.one<{ files: number; bytes: number }>(
      sql`select count(*) as files, coalesce(sum(size), 0) as bytes from uploaded_file where ${whose}`,
    );
    return row ?? { files: 0, bytes: 0 };
  }
}
