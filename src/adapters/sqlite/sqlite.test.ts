import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { databaseConformance } from "#core/database.conformance.ts";
import { openSqlite } from "./sqlite.ts";

databaseConformance(
  "sqlite, a file",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "parloir-sqlite-"));
    const file = join(folder, "test.db");
    return {
      open: () => openSqlite({ file }),
      openImpatient: (transactionTimeoutMs) => openSqlite({ file, transactionTimeoutMs }),
      dispose: () => rm(folder, { recursive: true }),
    };
  },
  true,
);

databaseConformance(
  "sqlite, in memory",
  async () => ({
    open: () => openSqlite({ file: ":memory:" }),
    openImpatient: (transactionTimeoutMs) => openSqlite({ file: ":memory:", transactionTimeoutMs }),
    dispose: async () => {},
  }),
  false,
);
