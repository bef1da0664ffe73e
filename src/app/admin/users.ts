import { z } from "zod";
import { accountOf } from "./address.ts";
import { type Administration, CommandError, command } from "./command.ts";

const account = z.string().min(1).max(3071);
const password = z.string().min(1, "the password must not be empty").max(1023, "the password is too long");
const pageSize = 1000;

export const userAdd = command({
  name: "user add",
  summary: "Makes an account.",
  changes: true,
  arguments: z.strictObject({ account, password }),
  async run(administration, given) {
    const jid = accountOf(administration, given.account);
    await administration.accounts(jid.domain).create(jid.local, given.password);
    return { account: jid.toString() };
  },
});

export const userPasswd = command({
  name: "user passwd",
  summary: "Gives an account a new password. Its sessions stay.",
  changes: true,
  arguments: z.strictObject({ account, password }),
  async run(administration, given) {
    const jid = accountOf(administration, given.account);
    await administration.accounts(jid.domain).setPassword(jid.local, given.password);
    return { account: jid.toString() };
  },
});

export const userDelete = command({
  name: "user delete",
  summary:
    "Deletes an account with everything kept for it, and ends its sessions. There is no way back. Of an account in a directory (LDAP), what is kept here.",
  changes: true,
  arguments: z.strictObject({ account }),
  async run(administration, given) {
    const jid = accountOf(administration, given.account);
    if (!administration.elsewhere?.(jid.domain)) await administration.accounts(jid.domain).remove(jid.local); // first: no more logins
    return { account: jid.toString(), sessions: await administration.forget(jid) };
  },
});

export const userList = command({
  name: "user list",
  summary: "Lists the accounts.",
  changes: false,
  arguments: z.strictObject({ domain: z.string().optional(), after: z.string().optional() }),
  /** A page of at most 1000 addresses; `next` is there if more follow. */
  async run(administration, given): Promise<{ accounts: string[]; next?: { domain: string; after: string } }> {
    const { domain = administration.domains[0]!, after } = given;
    if (!administration.domains.includes(domain))
      throw new CommandError("usage", `${domain} is not a domain of this server`);
    const users = await administration
      .accounts(domain)
      .list({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    const accounts = users.map((user) => `${user}@${domain}`);
    if (users.length === pageSize) return { accounts, next: { domain, after: users.at(-1)! } };
    const following = administration.domains[administration.domains.indexOf(domain) + 1];
    return following === undefined ? { accounts } : { accounts, next: { domain: following, after: "" } };
  },
});

/** Whether nobody has an account at a domain yet. */
export async function isEmpty(administration: Administration, domain: string): Promise<boolean> {
  return (await administration.accounts(domain).list({ limit: 1 })).length === 0;
}
