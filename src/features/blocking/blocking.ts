import { randomUUID } from "node:crypto";
import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { arriving, type Packet, sending } from "#core/packet.ts";
import { delivering, type Fact, fact } from "#core/session.ts";
import { count, section } from "#core/settings.ts";
import { disclosing, presence } from "#features/presence/index.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, iq, isRequest, Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { type BlockList, blockList, blocksNobody, matches } from "./block-list.ts";
import { BlockLists } from "./block-lists.ts";
import { BlockingStore, migrations } from "./store.ts";

const namespace = "urn:xmpp:blocking";
const blocklist = tag(namespace, "blocklist");
const block = tag(namespace, "block");
const unblock = tag(namespace, "unblock");
const item = tag(namespace, "item");
const blocked = tag("urn:xmpp:blocking:errors", "blocked");

/** Whether a session has asked for the list, and so is told of its changes (XEP-0191 §3.3). */
const follows: Fact<boolean> = fact("blocklist", false);

const settings = section({
  items: count(500, "Addresses that one account may block."),
});

/** What other features may ask. */
export interface Blocking {
  /** Whether an account blocks an address; at once if its list is in memory. */
  blocks(account: Jid, peer: Jid): boolean | Promise<boolean>;
}

/**
 * Blocking Command (XEP-0191): people choose from whom they want to hear nothing. To those they seem to be away, and
 * are told nothing of it ("polite blocking", §4).
 */
export const blocking: Feature<{ items: number }, Blocking> = {
  name: "blocking",
  xeps: [{ number: 191, version: "1.3" }],
  settings,
  migrations,
  setup(host, limits) {
    const store = new BlockingStore(host.db);
    const lists = new BlockLists(host, store);
    host.offer(namespace); // §3.1
    answerCommands(host, lists, limits.items);
    guard(host, lists);
    host.on(removing, "record", async ({ account }) => {
      await store.forget(account.toString());
      lists.forget(account);
    });
    return {
      blocks(account, peer) {
        const list = lists.of(account);
        return list instanceof Promise ? list.then((loaded) => matches(loaded, peer)) : matches(list, peer);
      },
    };
  },
};

/** Stops what a list forbids, both ways. */
function guard(host: Host, lists: BlockLists): void {
  host.on(sending, "check", (packet) => {
    const list = lists.of(packet.stanza.from.bare);
    if (list === blocksNobody) return;
    if (list instanceof Promise) return list.then((loaded) => checkOutbound(host, loaded, packet));
    return checkOutbound(host, list, packet);
  });
  host.on(arriving, "check", (packet) => {
    const { to } = packet.stanza;
    if (to.local === "") return;
    const list = lists.of(to.bare);
    if (list === blocksNobody) return;
    if (list instanceof Promise) return list.then((loaded) => checkInbound(host, loaded, packet));
    return checkInbound(host, list, packet);
  });
  host.on(disclosing, "check", ({ from, to }) => {
    const ours = lists.of(from.bare);
    // What goes to clients of this host does not arrive at it: their side is seen to here.
    const theirs = host.sessions.of(to).length === 0 ? blocksNobody : lists.of(to.bare);
    if (ours === blocksNobody && theirs === blocksNobody) return;
    return checkDisclosure(host, { from, to, ours, theirs });
  });
  // What was kept before the block: requests for a subscription, offline messages.
  host.on(delivering, "check", ({ stanza, session }) => {
    const list = lists.loaded(session.jid.bare);
    if (list === undefined || list === blocksNobody || stanza.type === "error") return;
    if (!isExempt(host, session.jid, stanza.from) && matches(list, stanza.from)) return handled;
  });
}

/** The commands of XEP-0191 §3, for one's own account. */
function answerCommands(host: Host, lists: BlockLists, most: number): void {
  const contacts = host.use(presence);
  host.iq("get", blocklist, "self", async (request, _payload, origin) => {
    origin?.set(follows, true);
    return itemsOf(blocklist, await lists.of(request.to)); // §3.2
  });
  host.iq("set", block, "self", async (request, payload) => {
    const { to: account } = request;
    const wanted = readItems(payload);
    if (wanted.length === 0) throw new StanzaError("bad-request", nobodyNamed); // §3.3
    if (wanted.some((jid) => jid.bare.equals(account))) throw new StanzaError("not-allowed", oneself);
    // Copies, since they stay: what is read from a stanza keeps its buffer alive.
    const names = [...new Set(wanted.map((jid) => Buffer.from(jid.toString()).toString()))];
    const before = await lists.of(account);
    const added = names.filter((jid) => !before.has(jid));
    if (before.size + added.length > most) throw new StanzaError("not-allowed", tooMany);
    const fresh = blockList(added);
    await lists.change(account, { added, removed: [] }, () => {
      // While they may still get it: from here on, nothing reaches them.
      contacts.withdraw(account, (contact) => matches(fresh, contact) && !matches(before, contact));
    });
    push(host, request, itemsOf(block, names));
  });
  host.iq("set", unblock, "self", async (request, payload) => {
    const { to: account } = request;
    const names = readItems(payload).map((jid) => jid.toString());
    const before = await lists.of(account);
    const removed = payload.elements.length === 0 ? [...before] : names.filter((jid) => before.has(jid)); // §3.5: all
    await lists.change(account, { added: [], removed }, () => {});
    const after = await lists.of(account);
    push(host, request, itemsOf(unblock, names));
    // §3.4. In a later turn of the loop, so that the result goes out first.
    setImmediate(() => contacts.renew(account, (contact) => matches(before, contact) && !matches(after, contact)));
  });
}

interface Disclosure {
  readonly from: Jid;
  readonly to: Jid;
  readonly ours: BlockList | Promise<BlockList>;
  readonly theirs: BlockList | Promise<BlockList>;
}

/** §3.3: neither shows itself to whom it blocks, nor is shown whom it blocks. */
function checkDisclosure(host: Host, { from, to, ours, theirs }: Disclosure): Outcome | Promise<Outcome> {
  if (from.bare.equals(to.bare)) return;
  if (ours instanceof Promise || theirs instanceof Promise) {
    return Promise.all([ours, theirs]).then(([one, other]) =>
      checkDisclosure(host, { from, to, ours: one, theirs: other }),
    );
  }
  if (matches(ours, to) || matches(theirs, from)) return handled;
}

/**
 * §3.3: what the user sends to whom it blocks comes back. Straight to the client: the error is from the blocked address,
 * and what is from there does not arrive.
 */
function checkOutbound(host: Host, list: BlockList, { stanza, origin }: Packet): Outcome {
  if (isExempt(host, stanza.from, stanza.to) || !matches(list, stanza.to)) return;
  host.server.metrics.count("stanzas_blocked", "outbound");
  // RFC 6120 §8.3.1: errors and results are never answered.
  const answered = stanza.type !== "error" && (stanza.kind !== "iq" || isRequest(stanza));
  if (answered) origin?.send(stanza.error(youBlock, origin.lang));
  return handled;
}

/** §3.3: what a blocked one sends is refused as if the user were away. The router answers no errors and results. */
function checkInbound(host: Host, list: BlockList, { stanza }: Packet): Outcome {
  const { from } = stanza;
  if (isExempt(host, stanza.to, from) || !matches(list, from)) return;
  host.server.metrics.count("stanzas_blocked", "inbound");
  if (stanza.kind === "presence") return handled;
  throw new StanzaError("service-unavailable");
}

/** §5: one's own resources are never blocked; nor the server itself, whose domain may well be. */
function isExempt(host: Host, own: Jid, peer: Jid): boolean {
  return peer.bare.equals(own.bare) || (peer.isDomain && peer.domain === host.domain);
}

/** @throws StanzaError `jid-malformed`, `bad-request` */
function readItems(payload: Element): Jid[] {
  return payload.all(item).map(({ attrs }) => {
    if (attrs.jid === undefined) throw new StanzaError("bad-request", nobodyNamed);
    try {
      return Jid.parse(attrs.jid);
    } catch (problem) {
      if (!(problem instanceof JidError)) throw problem;
      throw new StanzaError("jid-malformed", badAddress);
    }
  });
}

function itemsOf(payload: typeof block, jids: Iterable<string>): Element {
  return payload({}, ...[...jids].map((jid) => item({ jid })));
}

/** §3.3, §3.4: tells the clients that follow the list, after the result has gone to the one that asked. */
function push(host: Host, { to: account }: Iq, payload: Element): void {
  setImmediate(() => {
    for (const session of host.sessions.of(account)) {
      if (!session.get(follows)) continue;
      session.send(Stanza.of("iq", iq({ type: "set", id: randomUUID() }, payload), account, session.jid));
    }
  });
}

const nobodyNamed = {
  en: "Name at least one address, and for each one its JID.",
  fr: "Indiquez au moins une adresse, et pour chacune son JID.",
};
const oneself = {
  en: "You cannot block yourself.",
  fr: "Vous ne pouvez pas vous bloquer vous-même.",
};
const tooMany = {
  en: "Your block list is full. Unblock somebody before you block more people.",
  fr: "Votre liste de blocage est pleine. Débloquez quelqu'un avant de bloquer d'autres personnes.",
};
const badAddress = {
  en: "One of these addresses is not valid. An address looks like login@domain.",
  fr: "L'une de ces adresses n'est pas valide. Une adresse a la forme login@domaine.",
};
const youBlock = new StanzaError(
  "not-acceptable",
  {
    en: "You have blocked this address. Unblock it to write to it.",
    fr: "Vous avez bloqué cette adresse. Débloquez-la pour lui écrire.",
  },
  { type: "cancel", detail: blocked() },
);
