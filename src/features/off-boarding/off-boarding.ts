import { admitting, removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { type Hook, hook } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { PeopleChange } from "#core/people.ts";
import { type LocalSession, opened, type Session } from "#core/session.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { SaslError } from "#sasl/error.ts";
import { languageOf } from "#stanza/text.ts";
import { Locks, migrations } from "./store.ts";

/**
 * An account may no longer log in: it is disabled, locked or gone. Its sessions are closed. Whoever lets people in by
 * other means than their password revokes those means.
 */
export const ended: Hook<{ readonly account: Jid }> = hook("account ended");

/** An operator locks an account, or unlocks it: done when all handlers are. */
export const locking: Hook<{ readonly account: Jid; readonly locked: boolean }> = hook("account locked");

/** What other features may ask. */
export interface OffBoardingApi {
  /** Nobody logs in to the account until it is unlocked; its sessions end. False if it was locked already. */
  lock(account: Jid): Promise<boolean>;
  /** Takes the operator's lock away, no other. False if there was none. */
  unlock(account: Jid): Promise<boolean>;
  isLocked(account: Jid): boolean;
}

/**
 * Off-boarding (RFC 6120 §4.9.3.12, §6.5.1): who leaves the institution, or whose account is disabled or locked, is
 * disconnected at once, and does not come in again. Contacts see them go offline.
 */
export const offBoarding: Feature<undefined, OffBoardingApi> = {
  name: "off-boarding",
  xeps: [],
  migrations,
  async setup(host) {
    const accounts = new OffBoarding(host);
    await accounts.start();
    host.on(admitting, "check", ({ account }) => accounts.admit(account));
    host.on(opened, "check", (session) => accounts.look(session));
    host.on(locking, "record", async ({ account, locked }) => {
      await (locked ? accounts.lock(account) : accounts.unlock(account));
    });
    host.on(removing, "record", async ({ account }) => {
      await accounts.unlock(account);
    });
    if (host.people) host.stopping(host.people.watch((change) => accounts.change(change)));
    return accounts;
  },
};

class OffBoarding implements OffBoardingApi {
  readonly #host: Host;
  #locks!: Locks;
  /** Logins that the directory has ended, until it lets them in again: some may be half-way in. */
  readonly #ended = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  async start(): Promise<void> {
    this.#locks = await Locks.load(this.#host, (text) => {
      const account = Jid.parse(text);
      if (account.domain === this.#host.domain && this.#locks.has(account)) this.#endSoon(account);
    });
  }

  /** The account source has let somebody in: what it said before holds no more. @throws SaslError */
  admit(account: Jid): void {
    if (this.#locks.has(account)) {
      this.#host.log.info("login refused: the account is locked", { account: account.toString() });
      throw new SaslError("account-disabled", `${texts.refused.en} / ${texts.refused.fr}`);
    }
    this.#ended.delete(account.local);
  }

  /** Who was let in just before the end, and binds just after it, has not gone in. */
  look(session: LocalSession): void {
    const { bare } = session.jid;
    if (this.#ended.has(bare.local) || this.#locks.has(bare)) queueMicrotask(() => close(session));
  }

  change({ ended: users }: PeopleChange): void {
    for (const user of users) {
      const account = addressOf(user, this.#host.domain);
      if (account === undefined) continue;
      this.#ended.add(account.local);
      this.#endSoon(account);
    }
  }

  async lock(account: Jid): Promise<boolean> {
    const fresh = await this.#locks.add(account);
    await this.#end(account.bare);
    return fresh;
  }

  unlock(account: Jid): Promise<boolean> {
    return this.#locks.remove(account);
  }

  isLocked(account: Jid): boolean {
    return this.#locks.has(account);
  }

  #endSoon(account: Jid): void {
    background(this.#host.log, this.#end(account), "account not ended cleanly");
  }

  async #end(account: Jid): Promise<void> {
    const sessions = this.#host.sessions.of(account);
    if (sessions.length > 0) {
      this.#host.log.info("account ended: its sessions are closed", {
        account: account.toString(),
        sessions: sessions.length,
      });
    }
    for (const session of sessions) close(session);
    await this.#host.fire(ended, { account });
  }
}

/** Closes a session that is this node's; other nodes close their own. */
function close(session: Session): void {
  if (!("connection" in session)) return;
  const local = session as LocalSession;
  local.connection.end("not-authorized", texts.closed[languageOf(local.lang)]);
  local.close(); // also where it has outlived its connection
}

function addressOf(user: string, domain: string): Jid | undefined {
  try {
    return Jid.of(user, domain);
  } catch (problem) {
    if (problem instanceof JidError) return undefined;
    throw problem;
  }
}

const texts = {
  refused: {
    en: "This account is locked. Please ask your IT support.",
    fr: "Ce compte est verrouillé. Adressez-vous à votre service informatique.",
  },
  closed: {
    en: "Your account has been closed or locked. Please ask your IT support.",
    fr: "Votre compte a été fermé ou verrouillé. Adressez-vous à votre service informatique.",
  },
} as const;
