import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ask } from "#app/control/client.ts";
import { attribute, XmppServer } from "#test/bench/load/login.ts";
import type { RunningService } from "#test/harness/service.ts";
import { Session } from "./session.ts";
import { domain, messagesOf, password, people, type World } from "./workload.ts";

/** Looks at a service that was started again on the data of one that was killed: everything acknowledged must be there. */
export async function audit(
  service: RunningService,
  world: World,
  { last }: { readonly last: boolean },
): Promise<void> {
  const file = join(service.folder, "data", "parloir.sqlite");
  checkDatabase(file);
  const server = new XmppServer(service, domain, password);
  for (const user of people)
    await checkPerson(new Session(await server.login(user, { tls: false, presence: true })), world);
  await checkAccounts(service, world);
  // The mailbox of the last round is left for the next one, where it is being emptied when the service is killed.
  const mailboxes = world.mail.slice(0, last ? undefined : -1);
  for (const round of mailboxes.keys()) await checkMailbox(server, world, { file, round });
}

function checkDatabase(file: string): void {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database
      .prepare("pragma integrity_check")
      .all()
      .map((row) => ({ ...row }));
    assert.deepEqual(rows, [{ integrity_check: "ok" }]);
    assert.deepEqual(database.prepare("pragma foreign_key_check").all(), []);
  } finally {
    database.close();
  }
}

async function checkPerson(session: Session, world: World): Promise<void> {
  const { user } = session;
  const contacts = new Map<string, string>();
  const requests = new Map<string, string>();
  for (const [item] of (await session.ask("get", "<query xmlns='jabber:iq:roster'/>")).matchAll(/<item [^>]*>/g)) {
    const jid = attribute(item, "jid")!;
    if (jid.startsWith("friend")) contacts.set(`${user}@${domain} ${jid} ${user}`, attribute(item, "name") ?? "");
    else requests.set(`${user} ${jid}`, attribute(item, "ask") ?? "");
  }
  world.contacts.check(contacts, `${user}@${domain} `);
  world.requests.check(requests, `${user} `);
  const documents = new Map<string, string>();
  const add = (name: string, text: string | undefined) => text !== undefined && documents.set(`${user} ${name}`, text);
  add("vcard", /<FN>([^<]+)/.exec(await session.ask("get", "<vCard xmlns='vcard-temp'/>").catch(() => ""))?.[1]);
  for (let number = 0; number < 5; number++) {
    const note = `<note${number} xmlns='urn:example:notes'/>`;
    const answer = await session.ask("get", `<query xmlns='jabber:iq:private'>${note}</query>`);
    add(`note${number}`, new RegExp(`<note${number}[^>]*>([^<]+)`).exec(answer)?.[1]);
  }
  world.documents.check(documents, `${user} `);
  await session.leave();
}

/** Who is listed, and whether the passwords are those that were set. */
async function checkAccounts(service: RunningService, world: World): Promise<void> {
  const listed = await ask(join(service.folder, "data"), { command: "user list", arguments: { domain } });
  const { accounts } = listed!.result as { readonly accounts: readonly string[] };
  const guests = new Set(accounts.map((account) => account.split("@")[0]!).filter((name) => name.startsWith("guest-")));
  const found = new Map<string, string>();
  const newest = `guest-${world.mail.length - 1}-`;
  for (const name of guests) {
    // Those of earlier rounds have shown their passwords.
    const known = name.startsWith(newest)
      ? await passwordOf(service, name, world)
      : world.accounts.possible(name).at(-1);
    found.set(name, known ?? "no known password");
  }
  world.accounts.check(found, "guest-");
}

async function passwordOf(service: RunningService, name: string, world: World): Promise<string | undefined> {
  for (const candidate of world.accounts.possible(name)) {
    if (candidate === undefined || candidate === "") continue;
    const server = new XmppServer(service, domain, candidate);
    const client = await server.login(name, { tls: false, presence: false }).catch(() => undefined);
    if (client === undefined) continue;
    await client.link.close("</stream:stream>");
    return candidate;
  }
  return undefined;
}

/** How many messages still wait for somebody. */
function waiting(file: string, user: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const account = `${user}@${domain}`;
    return Number(
      database.prepare("select count(*) as count from offline_message where account = ?").get(account)!.count,
    );
  } finally {
    database.close();
  }
}

interface Mailbox {
  /** Of the database. */
  readonly file: string;
  readonly round: number;
}

/** Its messages, and the request to see its presence. */
async function checkMailbox(server: XmppServer, world: World, { file, round }: Mailbox): Promise<void> {
  const session = new Session(await server.login(`away${round}`, { tls: false, presence: false }));
  session.send("<presence/>");
  // They come page by page, as they are taken; `settled` alone waits for the first page.
  do await session.settled();
  while (waiting(file, session.user) > 0);
  await session.settled();
  world.mail[round]!.took(messagesOf(session), true);
  world.mail[round]!.checkComplete();
  const requested = session.received.some(
    (stanza) =>
      /^<presence[^>]* type=['"]subscribe['"]/.test(stanza) && attribute(stanza, "from") === `tybalt@${domain}`,
  );
  if (world.requested.has(session.user)) assert.ok(requested, `the request of tybalt to ${session.user} is lost`);
  await session.leave();
}
