import { Recent } from "#collections/recent.ts";
import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { arriving, type Packet, sending } from "#core/packet.ts";
import type { LocalSession } from "#core/session.ts";
import { choice, count, section } from "#core/settings.ts";
import { adhoc } from "#features/adhoc/index.ts";
import { type RosterApi, roster } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import { delayed } from "#stanza/delay.ts";
import { StanzaError } from "#stanza/error.ts";
import { store } from "#stanza/hints.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { languageOf } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import { type Choice, choices } from "./choice.ts";
import { strangersCommand } from "./command.ts";
import {
  choiceOf,
  choose,
  drop,
  forgetAccount,
  heldFor,
  heldOf,
  hold,
  isKnown,
  learn,
  letGo,
  migrations,
  type Relation,
} from "./store.ts";
import { noRoom, notAccepted, notice } from "./texts.ts";

const settings = section({
  default: choice(
    choices,
    "accept",
    "What happens to messages of people elsewhere whom somebody does not know, unless they chose: they are accepted, held until the contact is accepted, or refused.",
  ),
  held: count(100, "Messages of strangers that are held for one account."),
  "held-each": count(10, "As many of one stranger."),
});

type StrangersSettings = ReturnType<(typeof settings)["parse"]>;

/** Entries kept in memory. */
const remembered = 20_000;

const roomPayload = tag("http://jabber.org/protocol/muc#user", "x");
const directInvitation = tag("jabber:x:conference", "x");
/** What may be all there is of an encrypted message (XEP-0384, XEP-0373). */
const encrypted = [
  tag("eu.siacs.conversations.axolotl", "encrypted"),
  tag("urn:xmpp:omemo:1", "encrypted"),
  tag("urn:xmpp:omemo:2", "encrypted"),
  tag("urn:xmpp:openpgp:0", "openpgp"),
];

/**
 * Strangers (RFC 6121 §8.5): everybody chooses, by a command that clients show (XEP-0050), whether messages of unknown
 * people at other servers are accepted, held until the contact is accepted, or refused.
 */
export const strangers: Feature<StrangersSettings> = {
  name: "strangers",
  xeps: [],
  settings,
  migrations,
  setup(host, values) {
    const porch = new Porch(host, host.use(roster), values);
    host.on(sending, "amend", (packet) => porch.greet(packet)); // before presence takes subscriptions
    host.on(arriving, "check", (packet) => porch.meet(packet));
    host.on(removing, "record", ({ account }) => porch.forget(account));
    host.use(adhoc).offer(host, "account", strangersCommand(porch));
  },
};

/** Where strangers wait. */
class Porch {
  readonly #host: Host;
  readonly #rosters: RosterApi;
  readonly #settings: StrangersSettings;
  readonly #choices = new Recent<Choice>(remembered);
  #known = new Recent<true>(remembered);
  /** Whose messages are being handed out, by relation: once, whoever asks. */
  readonly #releasing = new Map<string, Promise<void>>();

  constructor(host: Host, rosters: RosterApi, values: StrangersSettings) {
    this.#host = host;
    this.#rosters = rosters;
    this.#settings = values;
  }

  async choice(account: Jid): Promise<Choice> {
    const key = account.toString();
    const kept = this.#choices.get(key);
    if (kept !== undefined) return kept;
    const read = await choiceOf(this.#host.db, account);
    const chosen = choices.find((one) => one === read) ?? this.#settings.default;
    this.#choices.set(key, chosen);
    return chosen;
  }

  async choose(account: Jid, chosen: Choice): Promise<void> {
    await choose(this.#host.db, account, chosen);
    this.#choices.set(account.toString(), chosen);
    if (chosen !== "accept") return;
    for (const contact of await heldFor(this.#host.db, account)) await this.#release({ account, contact });
  }

  async forget(account: Jid): Promise<void> {
    await forgetAccount(this.#host.db, account);
    this.#choices.delete(account.toString());
    this.#known = new Recent(remembered); // who gets the name next knows nobody
  }

  /** Whom one writes to, one knows; who asked and is refused goes, with what is held. */
  greet({ stanza }: Packet): void | Promise<void> {
    if (!this.#isElsewhere(stanza.to) || stanza.to.local === "") return;
    const relation = { account: stanza.from.bare, contact: stanza.to.bare };
    if (stanza.kind === "presence" && stanza.type === "unsubscribed") return drop(this.#host.db, relation);
    const greets =
      stanza.kind === "presence" ? ["", "subscribe", "subscribed"].includes(stanza.type) : stanza.kind === "message";
    if (!greets || stanza.type === "error" || this.#known.get(keyOf(relation))) return;
    return this.#learn(relation);
  }

  /** From now on messages of the contact are accepted; those that are held arrive. */
  async #learn(relation: Relation): Promise<void> {
    const { db } = this.#host;
    if (!(await isKnown(db, relation))) await learn(db, relation); // nothing is held from here on
    await this.#release(relation);
    this.#known.set(keyOf(relation), true);
  }

  #release(relation: Relation): Promise<void> {
    const key = keyOf(relation);
    const underWay = this.#releasing.get(key);
    if (underWay !== undefined) return underWay;
    const work = this.#handOut(relation).finally(() => this.#releasing.delete(key));
    this.#releasing.set(key, work);
    return work;
  }

  /** Each is kept until it has arrived: a crash in between loses none. */
  async #handOut(relation: Relation): Promise<void> {
    const { db, jid, server } = this.#host;
    const { account, contact } = relation;
    for (const held of await heldOf(db, relation)) {
      const element = held.element.append(delayed(jid, held.received));
      await server.router.route({ stanza: Stanza.of("message", element, senderOf(element, contact), account) });
      await letGo(db, held);
    }
  }

  meet(packet: Packet): Outcome | Promise<Outcome> {
    const { stanza } = packet;
    if (stanza.kind !== "message" || stanza.type === "error" || stanza.type === "groupchat") return;
    if (!this.#isElsewhere(stanza.from) || stanza.to.local === "" || stanza.from.local === "") return;
    const relation = { account: stanza.to.bare, contact: stanza.from.bare };
    const key = keyOf(relation);
    if (this.#known.get(key) || this.#releasing.has(key)) return;
    if (this.#choices.get(relation.account.toString()) === "accept") return;
    return this.#decide(stanza, relation);
  }

  async #decide(stanza: Stanza, relation: Relation): Promise<Outcome> {
    const chosen = await this.choice(relation.account);
    if (chosen === "accept") return;
    if (await this.#isContact(relation)) return;
    if (!saysSomething(stanza.element)) return handled; // that somebody is typing
    if (!(await this.#host.accounts.exists(relation.account.local))) return; // the error of everybody
    if (chosen === "refuse") throw new StanzaError("not-allowed", notAccepted);
    const { held: most, "held-each": mostEach } = this.#settings;
    const there = await hold(this.#host.db, relation, { element: stanza.element, most, mostEach });
    if (there === 0 && (await isKnown(this.#host.db, relation))) return; // since a moment ago
    if (there === 0) throw new StanzaError("resource-constraint", noRoom);
    if (there === 1) this.#announce(relation);
    return handled;
  }

  async #isContact(relation: Relation): Promise<boolean> {
    if (!(await isKnown(this.#host.db, relation))) {
      const { items } = await this.#rosters.get(relation.account);
      if (!items.has(relation.contact.toString())) return false;
    }
    await this.#learn(relation);
    return true;
  }

  /** Tells an account, once, that a stranger has written. */
  #announce({ account, contact }: Relation): void {
    const [session] = this.#host.sessions.of(account) as readonly Partial<LocalSession>[];
    const language = languageOf(session?.lang);
    const told = message({ type: "chat", "xml:lang": language }, body({}, notice(contact.toString())[language]));
    this.#host.send(Stanza.of("message", told, this.#host.jid, account));
  }

  #isElsewhere({ domain }: Jid): boolean {
    const { router } = this.#host.server;
    return !router.hosts.has(domain) && !router.gateways.has(domain);
  }
}

function keyOf({ account, contact }: Relation): string {
  return `${account} ${contact}`;
}

/** The full address that wrote it. */
function senderOf(element: Element, contact: Jid): Jid {
  const { from = "" } = element.attrs;
  const slash = from.indexOf("/");
  return slash < 0 ? contact : contact.withResource(from.slice(slash + 1));
}

function saysSomething(element: Element): boolean {
  return [body, store, roomPayload, directInvitation, ...encrypted].some((one) => element.child(one) !== undefined);
}
