import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrations as accountMigrations } from "#adapters/internal-auth/store.ts";
import { migrations as verifiers } from "#adapters/ldap/verifier-store.ts";
import { features, serverFeatures } from "#features/index.ts";
import type { Check } from "../check.ts";
import { type Finding, found, type Kind } from "../finding.ts";
import { isOwn } from "./data-folder.ts";

const kinds = {
  broken: {
    id: "database-unreadable",
    severity: "error",
    says: {
      en: "The database {file} cannot be opened: {reason}.",
      fr: "La base de données {file} ne peut pas être ouverte : {reason}.",
    },
    fix: {
      en: "Stop the service, put the file aside and restore a back-up (docs/operations.md). Do not remove parloir.sqlite-wal: it holds confirmed changes.",
      fr: "Arrêtez le service, mettez le fichier de côté et restaurez une sauvegarde (docs/operations.md). Ne supprimez pas parloir.sqlite-wal : il contient des changements confirmés.",
    },
    commands: ["ls -l {file}", "sqlite3 {file} .recover > recovered.sql"],
  },
  damaged: {
    id: "database-damaged",
    severity: "error",
    says: {
      en: "The database {file} is damaged: {reason}. Usually the disk or the memory of the machine is faulty.",
      fr: "La base de données {file} est endommagée : {reason}. En général, le disque ou la mémoire de la machine est défectueux.",
    },
    fix: {
      en: "Stop the service, copy the data folder elsewhere, then restore a back-up, or save what can be read. Check the disk.",
      fr: "Arrêtez le service, copiez le dossier de données ailleurs, puis restaurez une sauvegarde, ou sauvez ce qui est lisible. Vérifiez le disque.",
    },
    commands: ["sqlite3 {file} .recover > recovered.sql", "sudo dmesg --level=err,crit"],
  },
  newer: {
    id: "database-newer",
    severity: "error",
    says: {
      en: "The database is newer than this program: the tables of {owner} are at version {version}, the program knows {known}.",
      fr: "La base de données est plus récente que ce programme : les tables de {owner} en sont à la version {version}, le programme connaît la {known}.",
    },
    fix: {
      en: "Install the newer program again, or restore a back-up made before the upgrade.",
      fr: "Réinstallez le programme plus récent, ou restaurez une sauvegarde faite avant la mise à jour.",
    },
  },
} as const satisfies Record<string, Kind>;

/** The database: does it open, is it whole, does this program know its tables? Nothing is written. */
export const databaseCheck: Check = {
  name: "database",
  title: { en: "Database", fr: "Base de données" },
  kinds: Object.values(kinds),
  async run(context) {
    const file = join(context.configuration.data, "parloir.sqlite");
    if (!isOwn(context) || !existsSync(file)) return [];
    try {
      const database = new DatabaseSync(file, { readOnly: true, timeout: context.timeoutMs });
      try {
        return [...damage(database, file), ...newerTables(database)];
      } finally {
        database.close();
      }
    } catch (error) {
      return [found(kinds.broken, { file, reason: (error as Error).message })];
    }
  },
};

function damage(database: DatabaseSync, file: string): Finding[] {
  const [row] = database.prepare("pragma quick_check(1)").all() as { quick_check: string }[];
  const reason = row?.quick_check ?? "no answer";
  return reason === "ok" ? [] : [found(kinds.damaged, { file, reason: reason.split("\n").at(-1)! })];
}

/** How many steps of migration the program knows, by owner; owners it does not know are left alone, as at the start. */
function knownSteps(): ReadonlyMap<string, number> {
  const own = [...features, ...serverFeatures].map(({ name, migrations }) => [name, migrations?.length ?? 0] as const);
  return new Map([...own, ["internal-auth", accountMigrations.length], [verifiers.owner, verifiers.steps.length]]);
}

function newerTables(database: DatabaseSync): Finding[] {
  const there = database.prepare("select 1 from sqlite_master where name = 'schema_version'").get();
  if (there === undefined) return [];
  const rows = database.prepare("select owner, max(version) as version from schema_version group by owner").all();
  const known = knownSteps();
  return (rows as unknown as { owner: string; version: number }[])
    .filter(({ owner, version }) => version > (known.get(owner) ?? version))
    .map(({ owner, version }) => found(kinds.newer, { owner, version, known: known.get(owner)! }));
}
