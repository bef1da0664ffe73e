import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { SqliteDatabase } from "#adapters/sqlite/sqlite.ts";
import { removing } from "#core/account.ts";
import type { LocalSession, Session } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import type { Assembly } from "../assemble.ts";
import { removeData } from "./removal.ts";

/** How long the sessions of a deleted account may take to go. */
const farewellMs = 5000;
/** Turns of the loop without a query after which nothing more is coming. */
const quietTurns = 20;

/**
 * Ends the sessions of an account that is no more, and removes everything kept of it: each feature its own, and tells
 * contacts where it must (RFC 6121 §3.3); then what may be left. Resolves with the number of sessions ended.
 */
export async function forgetAccount(assembly: Assembly, db: SqliteDatabase, account: Jid): Promise<number> {
  const host = assembly.hosts.get(account.domain);
  if (host === undefined) return 0;
  const sessions = host.sessions.of(account);
  for (const session of sessions)
    if (isLocal(session)) session.connection.end("not-authorized", "This account was deleted");
  const until = performance.now() + farewellMs;
  while (host.sessions.of(account).length > 0 && performance.now() < until) await sleep(10);
  await host.fire(removing, { account });
  await settled(db);
  await removeData(db, account);
  return sessions.length;
}

/** Waits until nothing has asked the database for a while: what features do in the background is done. */
async function settled(db: SqliteDatabase): Promise<void> {
  const until = performance.now() + farewellMs;
  for (let quiet = 0; quiet < quietTurns && performance.now() < until; quiet = db.backlog > 0 ? 0 : quiet + 1) {
    await (db.backlog > 0 ? sleep(1) : turn());
  }
}

function isLocal(session: Session): session is LocalSession {
  return "connection" in session;
}
