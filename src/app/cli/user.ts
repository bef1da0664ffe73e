import type { Command } from "commander";
import { accountOf } from "../admin/address.ts";
import { userLock, userUnlock } from "../admin/locks.ts";
import { userAdd, userDelete, userList, userPasswd } from "../admin/users.ts";
import { administer } from "./administer.ts";
import { type CommonOptions, configurationOf } from "./options.ts";
import { newPassword, type Terminal } from "./terminal.ts";

interface Page {
  readonly accounts: readonly string[];
  readonly next?: object;
}

/** `parloir user add|passwd|delete|list|lock|unlock`. */
export function addUserCommands(program: Command, terminal: Terminal, common: (command: Command) => Command): void {
  const user = program.command("user").description("Accounts: add, passwd, delete, list, lock, unlock.");
  const account = (name: string, summary: string) =>
    common(
      user
        .command(name)
        .description(summary)
        .argument("<account>", "romeo@example.com, or romeo where there is one domain"),
    );
  account("add", `${userAdd.summary} The password is asked for, or read from standard input.`).action(
    (name: string, options: CommonOptions) =>
      setPassword(terminal, options, { command: userAdd.name, name, done: "was made" }),
  );
  account("passwd", `${userPasswd.summary} It is asked for, or read from standard input.`).action(
    (name: string, options: CommonOptions) =>
      setPassword(terminal, options, { command: userPasswd.name, name, done: "has its new password" }),
  );
  account("delete", userDelete.summary).action((name: string, options: CommonOptions) =>
    end(terminal, options, { command: userDelete.name, name, done: "was deleted" }),
  );
  account("lock", userLock.summary).action((name: string, options: CommonOptions) =>
    end(terminal, options, { command: userLock.name, name, done: "is locked" }),
  );
  account("unlock", userUnlock.summary).action((name: string, options: CommonOptions) =>
    end(terminal, options, { command: userUnlock.name, name, done: "is not locked" }),
  );
  common(user.command("list").description(userList.summary)).action((options: CommonOptions) =>
    list(terminal, options),
  );
}

interface Setting {
  readonly command: string;
  readonly name: string;
  readonly done: string;
}

async function setPassword(
  terminal: Terminal,
  options: CommonOptions,
  { command, name, done }: Setting,
): Promise<void> {
  const configuration = configurationOf(options);
  const account = accountOf({ domains: configuration.domains.map((domain) => domain.name) }, name).toString();
  const password = await newPassword(terminal, account);
  await administer(configuration, (run) => run(command, { account, password }));
  terminal.output.write(`${account} ${done}\n`);
}

/** What a command does to an account, which may end its sessions. */
async function end(terminal: Terminal, options: CommonOptions, { command, name, done }: Setting): Promise<void> {
  const result = await administer(configurationOf(options), (run) => run(command, { account: name }));
  const { account, sessions = 0 } = result as { account: string; sessions?: number };
  terminal.output.write(`${account} ${done}${sessions > 0 ? `, sessions ended: ${sessions}` : ""}\n`);
}

async function list(terminal: Terminal, options: CommonOptions): Promise<void> {
  await administer(configurationOf(options), async (run) => {
    for (let next: object | undefined = {}; next !== undefined; ) {
      const page = (await run(userList.name, next)) as Page;
      for (const account of page.accounts) terminal.output.write(`${account}\n`);
      next = page.next;
    }
  });
}
