import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { suspending } from "#core/handover.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { type Packet, unclaimed } from "#core/packet.ts";
import type { LocalSession } from "#core/session.ts";
import { count, section } from "#core/settings.ts";
import { type Archive, fetched, mam } from "#features/mam/index.ts";
import { becameAvailable } from "#features/presence/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { noStore, store } from "#stanza/hints.ts";
import { body, type Stanza } from "#stanza/stanza.ts";
import { HandOut, ready } from "./hand-out.ts";
import { forgetAll, forgetRead, keep, keepPromised, migrations } from "./store.ts";

const settings = section({
  messages: count(
    1_000,
    "Messages kept for somebody who is not connected; with more, senders are told, or older ones are left to the archive.",
  ),
});

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
    host.on(becameAvailable, "record", ({ session, initial }) => kept.welcome(session, initial));
    // What a client took from the archive is read: no other client gets it as new (docs/adr/0014).
    host.on(fetched, "record", ({ session, ids }) => forgetRead(host.db, session.jid.bare, ids));
    host.on(suspending, "check", () => kept.stop());
    host.on(removing, "record", async ({ account }) => void (await host.db.run(forgetAll(account))));
  },
};

class OfflineStore {
  readonly #host: Host;
  readonly #archive: Archive;
  readonly #limit: number;
  /** Clients that get what comes: they have been given what was there. */
  readonly #welcomed = new WeakSet<LocalSession>();
  /** By account: one client at a time gets messages, so that two do not both get them. */
  readonly #handing = new Map<string, HandOut>();

  constructor(host: Host, archive: Archive, limit: number) {
    this.#host = host;
    this.#archive = archive;
    this.#limit = limit;
  }

  async keep(packet: Packet): Promise<Outcome> {
    const { stanza } = packet;
    if (!storable(stanza)) return handled; // dropped without an error, as to a client that is there (XEP-0160 §3)
    const account = stanza.to.bare;
    const message = { account, element: stanza.element, archived: this.#archive.idOf(stanza.element, account) };
    if (packet.promised) await keepPromised(this.#host.db, message);
    else if (!(await keep(this.#host.db, message, this.#limit)))
      throw new StanzaError("service-unavailable", full, { type: "wait" }); // XEP-0160 §2
    this.#host.server.metrics.count("offline_messages_kept");
    this.#offer(account);
    return handled;
  }

  /** Something has been kept. A client may have come while it was written: it must not wait for the next one. */
  #offer(account: Jid): void {
    const underWay = this.#handing.get(account.toString());
    if (underWay !== undefined && ready(underWay.session) && underWay.goOn()) return;
    const session = this.#host.sessions.of(account).find(ready);
    if (session !== undefined) this.hand(session as LocalSession);
  }

  /** A client has shown its presence: it gets what is there when it is ready to, not each time that its presence changes. */
  welcome(session: LocalSession, initial: boolean): Promise<void> | undefined {
    const isReady = ready(session);
    const was = !initial && this.#welcomed.has(session);
    if (isReady) this.#welcomed.add(session);
    else this.#welcomed.delete(session);
    return isReady && !was ? this.hand(session) : undefined;
  }

  /**
   * Gives a client what is there. Resolves when what it gets first is written, before anything that it may ask for next;
   * the rest follows as it is taken, beside whatever else the client does.
   */
  hand(session: LocalSession): Promise<void> | undefined {
    if (!ready(session)) return undefined;
    const key = session.jid.bare.toString();
    const before = this.#handing.get(key);
    if (before?.session === session && before.goOn()) return undefined;
    before?.yield();
    const handOut = new HandOut(this.#host, session, before?.done);
    this.#handing.set(key, handOut);
    background(
      this.#host.log,
      handOut.done.then(() => {
        if (this.#handing.get(key) === handOut) this.#handing.delete(key);
      }),
    );
    return before === undefined ? handOut.begun : undefined;
  }

  /** The server stops: what was given to sessions that go on in the next process is theirs. */
  async stop(): Promise<void> {
    const all = [...this.#handing.values()];
    for (const handOut of all) handOut.stop();
    await Promise.all(all.map(({ done }) => done));
  }
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
