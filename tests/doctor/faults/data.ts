import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { takeFolder } from "#app/instance.ts";
import type { Laboratory } from "../laboratory.ts";
import type { Fault } from "./fault.ts";

const MiB = 1024 ** 2;
const other = 4_000_000;

function databaseOf({ data }: Laboratory): string {
  return join(data, "parloir.sqlite");
}

export const dataFaults: readonly Fault[] = [
  {
    finds: "data-folder-missing",
    set: "never started",
    says: /never started/,
    fix: "./parloir start --config",
    break: ({ data }) => rmSync(data, { recursive: true }),
  },
  {
    finds: "data-folder-impossible",
    set: "no right to make it",
    says: /cannot be made/,
    fix: "sudo install -d -m 700 -o ",
    break: ({ data, system }) => {
      rmSync(data, { recursive: true });
      system.mayUse = () => false;
    },
  },
  {
    finds: "data-folder-is-a-file",
    set: "a file in its place",
    says: /is a file and not a folder/,
    fix: "ls -ld ",
    break: ({ data }) => {
      rmSync(data, { recursive: true });
      writeFileSync(data, "");
    },
  },
  {
    finds: "data-folder-forbidden",
    set: "closed to this user",
    says: /may not read and write the data folder/,
    fix: "sudo -u ",
    break: ({ system }) => {
      system.mayUse = () => false;
    },
  },
  {
    finds: "data-folder-other-user",
    set: "run as root",
    says: /belongs to #4000000: the database was not looked at/,
    fix: "sudo -u '#4000000' ./parloir doctor --config",
    break: ({ system }) => {
      system.ownerOf = () => other;
    },
  },
  {
    finds: "data-folder-mixed-owners",
    set: "once run as the wrong user",
    says: /parloir\.sqlite belongs to #4000000/,
    fix: "sudo chown -R ",
    break: ({ system }) => {
      const { user } = system;
      system.ownerOf = (path) => (basename(path) === "parloir.sqlite" ? other : user);
    },
  },
  {
    finds: "data-folder-open",
    set: "readable by others",
    says: /mode 755/,
    fix: "chmod 700 ",
    break: ({ data }) => chmodSync(data, 0o755),
  },
  {
    finds: "disk-full",
    set: "99 MiB left",
    says: /Only 99 MiB/,
    fix: "df -h",
    break: ({ system }) => {
      system.freeSpace = () => 99.9 * MiB;
    },
  },
  {
    finds: "disk-low",
    set: "1000 MiB left",
    says: /Only 1000 MiB/,
    fix: "df -h",
    break: ({ system }) => {
      system.freeSpace = () => 1000 * MiB;
    },
  },
  {
    finds: "check-failed",
    set: "the system refuses to say",
    says: /could not be checked: statfs is not permitted/,
    fix: "as the user that runs the service",
    break: ({ system }) => {
      system.freeSpace = () => {
        throw Object.assign(new Error("statfs is not permitted"), { code: "EPERM" });
      };
    },
  },
  {
    finds: "database-unreadable",
    set: "not a database",
    says: /cannot be opened: file is not a database/,
    fix: "restore a back-up",
    break: (laboratory) => writeFileSync(databaseOf(laboratory), "This was once a database.".repeat(100)),
  },
  {
    finds: "database-damaged",
    set: "pages that were overwritten",
    says: /is damaged/,
    fix: ".recover",
    break: (laboratory) => {
      const file = databaseOf(laboratory);
      const database = new DatabaseSync(file);
      const pageSize = 4096;
      database.exec("create table filled (text text); create index by_text on filled (text)");
      const insert = database.prepare("insert into filled values (?)");
      for (let row = 0; row < 500; row++) insert.run(`${row} `.repeat(20));
      database.exec("pragma wal_checkpoint(truncate)");
      const { rootpage } = database.prepare("select rootpage from sqlite_master where name = 'by_text'").get() as {
        rootpage: number;
      };
      database.close();
      const bytes = readFileSync(file);
      bytes.fill(0x2a, (rootpage - 1) * pageSize + 8, rootpage * pageSize);
      writeFileSync(file, bytes);
    },
  },
  {
    finds: "database-newer",
    set: "an older program after an upgrade",
    says: /tables of roster are at version 999/,
    fix: "Install the newer program",
    break: (laboratory) => {
      const database = new DatabaseSync(databaseOf(laboratory));
      database.exec("insert into schema_version (owner, version) values ('roster', 999)");
      database.close();
    },
  },
  {
    finds: "service-stopped",
    set: "nothing runs",
    says: /not running/,
    fix: "./parloir start --config",
    break: () => {},
  },
  {
    finds: "service-stuck",
    set: "a process that answers nothing",
    says: /does not answer commands/,
    fix: "fuser -v",
    break: ({ data }, context) => {
      const instance = takeFolder(data);
      context.after(() => instance.release());
    },
  },
  {
    finds: "service-forbidden",
    set: "another user's service",
    says: /this user \(.*\) may not ask it/,
    fix: "sudo -u ",
    break: (laboratory) => {
      laboratory.service = { state: "forbidden" };
    },
  },
  {
    finds: "service-other-version",
    set: "not restarted after an upgrade",
    says: /version 0\.0\.1, but/,
    fix: "systemctl restart",
    runs: true,
    break: (laboratory) => {
      laboratory.says = (status) => ({ ...status, version: "0.0.1" });
    },
  },
];
