import { InternalAccounts } from "#adapters/internal-auth/accounts.ts";
import { migrations } from "#adapters/internal-auth/store.ts";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { migrate } from "#core/migrations.ts";
import { authenticatorConformance } from "#sasl/authenticator.conformance.ts";

// The accounts as they are in an installation: internal accounts in SQLite, in its thread.
authenticatorConformance("internal accounts in SQLite", ["admin", "interrupt", "scram"], async () => {
  const database = await openSqlite({ file: ":memory:" });
  await migrate(database, [{ owner: "internal-auth", steps: migrations }]);
  // Nothing is kept in memory, so that what the database says counts at once.
  const cache = { entries: 100, lifetime: 0 };
  const authenticator = new InternalAccounts({ database, domain: "example.com", iterations: 4096, cache });
  await authenticator.admin.create("romeo", "Montague 1");
  return {
    authenticator,
    user: "romeo",
    password: "Montague 1",
    interrupt: () => database.close(),
    close: () => database.close(),
  };
});
