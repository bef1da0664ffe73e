import { setImmediate as turn } from "node:timers/promises";
import type { Host } from "#core/host.ts";
import { disclosing, type PresenceApi } from "#features/presence/index.ts";
import { hears, type RosterApi, type SharedContact } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import { Changes, type ContactChange } from "./changes.ts";
import type { GroupContacts } from "./contacts.ts";
import type { View } from "./view.ts";

/** Changes of contacts that are told in one turn of the loop. */
const perTurn = 500;

/** Tells those who are connected what has become of their groups: roster pushes, then presence. */
export class Telling {
  readonly #host: Pick<Host, "sessions" | "log" | "fire">;
  readonly #roster: RosterApi;
  readonly #presence: PresenceApi;
  readonly #contacts: GroupContacts;

  constructor(host: Pick<Host, "sessions" | "log" | "fire">, parts: Parts) {
    this.#host = host;
    this.#roster = parts.roster;
    this.#presence = parts.presence;
    this.#contacts = parts.contacts;
  }

  /** Puts a view in place and tells everybody what is different. */
  async change(after: View): Promise<void> {
    const changes = new Changes(this.#contacts.view, after);
    if (!changes.any) return;
    this.#contacts.become(after);
    let told = 0;
    for (const account of this.#contacts.untold()) {
      if (this.#host.sessions.of(account).length === 0) continue; // gone meanwhile
      const own = changes.for(account.local);
      try {
        await this.#tell(account, own);
      } catch (cause) {
        this.#contacts.told(account.local);
        this.#host.log.error("changes of groups not told", { account: account.toString(), cause });
      }
      told += own.length;
      if (told < perTurn) continue;
      told = 0;
      await turn();
    }
  }

  async #tell(account: Jid, changes: readonly ContactChange[]): Promise<void> {
    const pushed = changes.filter(
      ({ before, after }) => isShown(before) || isShown(after) || this.#isOwn(account, after ?? before),
    );
    // What the account itself changes just now comes first: until then, no version may say that it has everything.
    await this.#roster.get(account);
    await this.#roster.changing(account);
    this.#contacts.told(account.local);
    await this.#roster.tellShared(
      account,
      pushed.map(({ contact }) => contact),
    );
    for (const { contact, before, after } of changes) {
      if (isShown(before) === isShown(after) || this.#host.sessions.of(contact).length === 0) continue;
      const theirs = await this.#roster.get(contact);
      if (hears(theirs.items.get(account.toString()))) continue; // saw the contact before, and still does
      if (isShown(after)) this.#presence.show(contact, account);
      else if (!(await this.#host.fire(disclosing, { from: contact, to: account }))) {
        this.#presence.hide(contact, account); // who is blocked has been told that long ago
      }
    }
  }

  /** Whether somebody who only sees the account is in its own list, too. */
  #isOwn(account: Jid, change: SharedContact | undefined): boolean {
    return change !== undefined && this.#roster.cached(account)?.items.has(change.contact.toString()) === true;
  }
}

interface Parts {
  readonly roster: RosterApi;
  readonly presence: PresenceApi;
  readonly contacts: GroupContacts;
}

/** Whether the account sees the contact: what it only gives is no item by itself. */
function isShown(contact: SharedContact | undefined): boolean {
  return contact !== undefined && contact.subscription !== "from";
}
