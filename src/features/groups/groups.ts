import { z } from "zod";
import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { PeopleChange } from "#core/people.ts";
import { closed, opened } from "#core/session.ts";
import { choice, flag, section } from "#core/settings.ts";
import { presence } from "#features/presence/index.ts";
import { roster, type SharedContact } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import { GroupContacts } from "./contacts.ts";
import { GroupReader, isOutage } from "./directory.ts";
import { Telling } from "./telling.ts";
import { View } from "./view.ts";

const list = (doc: string) => z.array(z.string().min(1)).default([]).describe(doc);

const settings = section({
  enabled: flag(false, "Whether the groups of the directory fill the contact lists."),
  see: choice(
    ["own", "all"],
    "own",
    "Whom people see: the members of their own groups, or those of all groups; members always see each other.",
  ),
  include: list("Names of the groups that are shown; none: all that the directory gives."),
  exclude: list("Names of groups that are not shown."),
  names: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe("What groups are called in contact lists, by their names in the directory."),
});

type GroupsSettings = ReturnType<(typeof settings)["parse"]>;

/** What other features and commands may ask of groups. */
export interface GroupsApi {
  /** Whom an account sees, and why: the groups, under the names that it sees. Nothing where groups are not shown. */
  preview(account: Jid): readonly SharedContact[];
}

/** How long the first reading may hold up the start, and how long after a failure the directory is asked again. */
const patienceMs = 10_000;
const pauseMs = 30_000;

/**
 * Groups of the directory in contact lists (RFC 6121 §2, §3): colleagues find each other there, in a group named as in the directory, and
 * see each other's presence without having asked. What they add themselves stays theirs.
 */
export const groups: Feature<GroupsSettings, GroupsApi> = {
  name: "groups",
  xeps: [],
  settings,
  async setup(host, values) {
    const contacts = new GroupContacts(host.domain, host.sessions, values.see);
    if (values.enabled && host.people !== undefined) await start(host, values, contacts);
    return { preview: (account) => [...contacts.visible(account)] };
  },
};

async function start(host: Host, values: GroupsSettings, contacts: GroupContacts): Promise<void> {
  const parts = { roster: host.use(roster), presence: host.use(presence), contacts };
  const reader = new GroupReader(host.people!, values, host.domain);
  const syncing = new Syncing(host, reader, new Telling(host, parts), contacts);
  parts.roster.share(contacts);
  host.on(opened, "record", ({ jid }) => {
    contacts.opened(jid);
    syncing.again();
  });
  host.on(closed, "record", ({ jid }) => contacts.closed(jid));
  host.stopping(host.people!.watch((change) => syncing.note(change)));
  await syncing.first();
}

/** Keeps the groups up to date: one reading at a time, and one more if something has changed during it. */
class Syncing {
  readonly #host: Host;
  readonly #reader: GroupReader;
  readonly #telling: Telling;
  readonly #contacts: GroupContacts;
  #running: Promise<void> | undefined;
  #wanted = false;
  /** When the last reading failed; undefined if it did not. */
  #failed: number | undefined;

  constructor(host: Host, reader: GroupReader, telling: Telling, contacts: GroupContacts) {
    this.#host = host;
    this.#reader = reader;
    this.#telling = telling;
    this.#contacts = contacts;
  }

  /** Reads for the first time: before anybody logs in, unless the directory is too slow. */
  async first(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    const reading = this.#sync();
    background(this.#host.log, reading);
    await Promise.race([reading, patience]);
    clearTimeout(timer);
  }

  note(change: PeopleChange): void {
    if (this.#reader.note(change) || this.#failed !== undefined) background(this.#host.log, this.#sync());
  }

  /** Someone has come: a good moment to ask again, if it did not work some time ago. */
  again(): void {
    if (this.#failed === undefined || performance.now() - this.#failed < pauseMs) return;
    background(this.#host.log, this.#sync());
  }

  #sync(): Promise<void> {
    this.#wanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        const { see, snapshot } = this.#contacts.view;
        const read = await this.#reader.read(snapshot);
        this.#failed = undefined;
        await this.#telling.change(new View(read, see));
      } catch (problem) {
        this.#failed = performance.now();
        if (!isOutage(problem)) throw problem;
        this.#host.log.warn("groups not read: contact lists stay as they are", { cause: problem });
      }
    }
  }
}
