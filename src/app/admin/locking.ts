import { locking } from "#features/off-boarding/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { Assembly } from "../assemble.ts";
import { CommandError } from "./command.ts";

/**
 * Locks an account, or unlocks it. Resolves with the number of sessions that have ended with it.
 * @throws CommandError not-found: nobody has such an account; an account that is locked can always be unlocked
 */
export async function lockAccount(assembly: Assembly, account: Jid, locked: boolean): Promise<number> {
  const host = assembly.hosts.get(account.domain);
  if (host === undefined) throw new CommandError("not-found", `${account.domain} is not a domain of this server`);
  if (locked && !(await mayExist(() => host.accounts.exists(account.local)))) {
    throw new CommandError("not-found", `there is no account ${account}`);
  }
  const sessions = host.sessions.of(account).length;
  await host.fire(locking, { account, locked });
  return sessions - host.sessions.of(account).length;
}

/** While a directory is down, an account counts as there: a lock cannot wait. */
async function mayExist(exists: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await exists();
  } catch {
    return true;
  }
}
