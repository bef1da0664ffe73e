import { type Database, DatabaseError, type Query, sql } from "#core/database.ts";

/**
 * The tables of one part of the server, as the steps that lead there. A step is one or more statements, separated by
 * semicolons, without values. Steps are only ever appended: a step that was once released never changes.
 */
export interface Migrations {
  readonly owner: string;
  readonly steps: readonly string[];
}

/**
 * Brings the database to what the program expects. Each step is applied once, whole or not at all, together with its row
 * in `schema_version(owner, version)`; owners go in the order given. Owners which the program does not know are left
 * alone. Several processes may do this at the same time. Rejects with a DatabaseError ("invalid") if the database is
 * newer than the program, before anything is changed, or if a step is wrong.
 */
export async function migrate(db: Database, all: readonly Migrations[]): Promise<void> {
  refuseDuplicates(all);
  await db.run(
    sql`create table if not exists schema_version (
      owner text not null, version integer not null, primary key (owner, version))`,
  );
  const versions = await readVersions(db);
  for (const { owner, steps } of all) refuseNewer(owner, versions.get(owner) ?? 0, steps.length);
  for (const migrations of all) await migrateOwner(db, migrations, versions.get(migrations.owner) ?? 0);
}

async function migrateOwner(db: Database, { owner, steps }: Migrations, start: number): Promise<void> {
  for (let version = start; version < steps.length; ) {
    try {
      // The row comes first: where another process applied the step just now, it fails before anything is done twice.
      const mark = sql`insert into schema_version (owner, version) values (${owner}, ${version + 1})`;
      await db.batch([mark, ...statements(steps[version] as string)]);
      version++;
    } catch (error) {
      const reached = (await readVersions(db)).get(owner) ?? 0;
      refuseNewer(owner, reached, steps.length);
      if (reached <= version) throw failure(owner, version + 1, error);
      version = reached;
    }
  }
}

async function readVersions(db: Database): Promise<Map<string, number>> {
  const rows = await db.all<{ owner: string; version: number }>(
    sql`select owner, max(version) as version from schema_version group by owner`,
  );
  return new Map(rows.map((row) => [row.owner, row.version]));
}

function refuseDuplicates(all: readonly Migrations[]): void {
  const owners = new Set<string>();
  for (const { owner } of all) {
    if (owners.has(owner)) throw new DatabaseError("invalid", `two lists of migrations are named ${owner}`);
    owners.add(owner);
  }
}

function refuseNewer(owner: string, found: number, known: number): void {
  if (found <= known) return;
  throw new DatabaseError(
    "invalid",
    `the database is newer than this program: the tables of ${owner} are at version ${found}, the program knows ${known}; ` +
      "start the newer program, or restore a back-up made before the upgrade",
  );
}

function failure(owner: string, version: number, cause: unknown): DatabaseError {
  const kind = cause instanceof DatabaseError ? cause.kind : "invalid";
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DatabaseError(kind, `migration ${version} of ${owner} failed: ${reason}`, { cause });
}

/** Splits a step at the semicolons that stand outside quotes and comments. */
function statements(step: string): Query[] {
  const tokens = step.match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|[\s\S]/g) ?? [];
  const texts = [""];
  for (const token of tokens) {
    if (token === ";") texts.push("");
    else if (token.startsWith("--") || token.startsWith("/*")) texts[texts.length - 1] += " ";
    else texts[texts.length - 1] += token;
  }
  return texts.filter((text) => text.trim() !== "").map((text) => ({ text: [text.trim()], values: [] }));
}
