import { setTimeout } from "node:timers/promises";
import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { type Packet, unclaimed } from "#core/packet.ts";
import { available, type LocalSession, priority, type Session } from "#core/session.ts";
import { count, section } from "#core/settings.ts";
import { type Archive, archiveRead, fetched, mam } from "#features/mam/index.ts";
import { becameAvailable } from "#features/presence/index.ts";
import { Jid } from "#jid/jid.ts";
import { delayed } from "#stanza/delay.ts";
import { StanzaError } from "#stanza/error.ts";
import { noStore, store } from "#stanza/hints.ts";
import { body, Stanza } from "#stanza/stanza.ts";
import { forget, forgetAll, forgetArchived, keep, migrations, next } from "./store.ts";

const settings = section({
  messages: count(
    1_000,
    "Messages kept for somebody who is not connected; with more, senders are told, or older ones are left to the archive.",
  ),
});

/** How many messages are read from the database at a time. */
const batch = 100;

/** Bytes that may be on their way to a client before it is waited for: far less than what closes its connection. */
const mostAhead = 65_536;

/** How long a slow client is left alone before it is looked at again, in milliseconds. */
const patience = 10;

/** Offline messages (XEP-0160): what is written to somebody who is not connected is there at the next login. */
export const offline: Feature<ReturnType<(typeof settings)["parse"]>> = {
  name: "offline",
  xeps: [
    { number: 160, version: "1.0.1" },
    { number: 203, version: "2.0" },
  ],
  settings,
  migrations,
  setup(host, { messages }) {
    const kept = new OfflineStore(host, host.use(mam).archive, messages);
    host.offer("msgoffline"); // XEP-0160 §2: says that the server does
    host.on(unclaimed, "record", (packet) => kept.keep(packet));
    host.on(becameAvailable, "record", ({ session }) => kept.hand(session));
    // What a client took from the archive is read: no other client gets it as new (docs/adr/0014).
    host.on(fetched, "record", ({ session, ids }) => forgetArchived(host.db, session.jid.bare, ids));
    host.on(removing, "record", async ({ account }) => void (await host.db.run(forgetAll(account))));
  },
};

class OfflineStore {
  readonly #host: Host;
  readonly #archive: Archive;
  readonly #limit: number;
  /** Accounts whose messages are being handed out, so that two clients do not both get them. */
  readonly #handing = new Map<string, Promise<void>>();

  constructor(host: Host, archive: Archive, limit: number) {
    this.#host = host;
    this.#archive = archive;
    this.#limit = limit;
  }

  async keep(packet: Packet): Promise<Outcome> {
    const { stanza } = packet;
    if (!storable(stanza)) return handled; // dropped without an error, as to a client that is there (XEP-0160 §3)
    const account = stanza.to.bare;
    const archived = this.#archive.idOf(stanza.element, account);
    if (!(await keep(this.#host.db, { account, element: stanza.element, archived }, this.#limit))) {
      throw new StanzaError("service-unavailable", full, { type: "wait" }); // XEP-0160 §2
    }
    this.#host.server.metrics.count("offline_messages_kept");
    // A client may have come while the row was written: it must not wait for the next one.
    for (const session of this.#host.sessions.of(account))
      if (ready(session)) background(this.#host.log, this.hand(session as LocalSession));
    return handled;
  }

  hand(session: LocalSession): Promise<void> | undefined {
    if (!ready(session)) return undefined;
    const key = session.jid.bare.toString();
    const before = this.#handing.get(key)?.catch(() => {}) ?? Promise.resolve(); // its own caller is told of a failure
    const work = before
      .then(() => this.#handAll(session))
      .finally(() => {
        if (this.#handing.get(key) === work) this.#handing.delete(key);
      });
    this.#handing.set(key, work);
    return work;
  }

  /**
   * Rows go only after the messages were written, so that a crash between the two repeats rather than loses. A client that
   * has read the archive takes from there what was in it by then (XEP-0313 §6.1.1); that stays here for other clients.
   */
  async #handAll(session: LocalSession): Promise<void> {
    const { db, jid: domain, sessions } = this.#host;
    const account: Jid = session.jid.bare;
    for (let after = 0; ; ) {
      const kept = await next(db, account, { after, seen: session.get(archiveRead), limit: batch });
      const last = kept.at(-1);
      if (last === undefined || sessions.find(session.jid) !== session) return;
      for (const { received, element } of kept) {
        const { from, to } = element.attrs;
        const stamped = element.append(delayed(domain, received));
        session.send(Stanza.of("message", stamped, Jid.parse(from!), Jid.parse(to!)));
        // Not more than the client takes; what it never took stays for another time.
        if (session.connection.unsent > mostAhead && !(await this.#taken(session))) return;
      }
      after = last.id;
      if (!(await this.#taken(session))) return;
      await forget(
        db,
        account,
        kept.map(({ id }) => id),
      );
    }
  }

  /** Waits until the client's side has taken what was written; false if the session ended before. */
  async #taken(session: LocalSession): Promise<boolean> {
    while (this.#host.sessions.find(session.jid) === session) {
      if (session.connection.unsent === 0) return true;
      await setTimeout(patience);
    }
    return false;
  }
}

function ready(session: Session): boolean {
  return session.get(available) && session.get(priority) >= 0;
}

/** XEP-0160 §3: conversations are kept; notifications that only mean something now are not. */
function storable({ type, element }: Stanza): boolean {
  if (type !== "chat" && type !== "normal") return false;
  if (element.child(noStore)) return false; // what is off the record only may wait (XEP-0334 §3.3)
  if (element.child(store) || element.child(body)) return true;
  return element.elements.some((child) => !fleeting.has(child.ns));
}

/** Payloads that are of no use later: a message of these alone is not kept (XEP-0085 §5.1, XEP-0334). */
const fleeting: ReadonlySet<string> = new Set([
  "http://jabber.org/protocol/chatstates",
  "urn:xmpp:hints",
  "urn:xmpp:sid:0",
  "jabber:x:event",
]);

const full = {
  en: "This person is not connected and has no room left for more messages. Try again later, or send an e-mail.",
  fr: "Cette personne n'est pas connectée et n'a plus de place pour d'autres messages. Réessayez plus tard ou écrivez un courriel.",
};
