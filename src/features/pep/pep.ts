import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { count, section, size } from "#core/settings.ts";
import { disco } from "#features/disco/index.ts";
import { presence } from "#features/presence/index.ts";
import { roster } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { Access } from "./access.ts";
import { discoverable } from "./discovery.ts";
import { Foreigners } from "./foreigners.ts";
import { NodeTable } from "./nodes.ts";
import { Notifications } from "./notifications.ts";
import { Reading } from "./reading.ts";
import { Reminders } from "./reminders.ts";
import { answerRequests } from "./requests.ts";
import { type Limits, PersonalNodes, type Publication } from "./service.ts";
import { deleteAccount, migrations } from "./store.ts";
import { Subscriptions } from "./subscriptions.ts";

const settings = section({
  nodes: count(250, "Things that one account may publish under different names (nodes)."),
  items: count(2000, "Items that one node of an account keeps at most."),
  "item-size": size("256 KiB", "The largest item that is kept or announced, such as an avatar."),
  "account-size": size("8 MiB", "The most that an account may keep in all its nodes."),
});

/** What other features may do. */
export interface PepApi {
  /** Publishes in the name of an account. Resolves with the item's id when it is kept. @throws StanzaError */
  publish(account: Jid, publication: Publication): Promise<string>;
  /** @throws StanzaError `item-not-found` */
  retract(account: Jid, node: string, id: string): Promise<void>;
  /** The items of a node with their payloads, oldest first; none where there is no such node. */
  items(account: Jid, node: string): Promise<readonly { readonly id: string; readonly payload: Element | undefined }[]>;
}

/**
 * Personal Eventing Protocol (XEP-0163, a part of XEP-0060): what people publish of themselves - avatar, nickname, keys -
 * reaches the contacts who want to know it; and clients keep lists there that all clients of the person share (XEP-0223).
 */
export const pep: Feature<Limits, PepApi> = {
  name: "pep",
  xeps: [
    { number: 163, version: "1.2.2", note: "without replyto addresses" },
    { number: 60, version: "1.30.0", note: "what XEP-0163 needs, subscriptions by request, whitelists" },
    { number: 222, version: "1.0" },
    { number: 223, version: "1.1.1" },
  ],
  settings,
  migrations,
  setup(host, limits) {
    const capabilities = host.use(disco);
    const contacts = { presence: host.use(presence), roster: host.use(roster) };
    const foreigners = new Foreigners();
    const table = new NodeTable(host);
    const access = new Access(contacts.presence, contacts.roster);
    const notifications = new Notifications(host, { ...contacts, access, disco: capabilities, foreigners });
    const reading = new Reading(host, table, access);
    const nodes = new PersonalNodes(host, table, notifications, limits);
    new Reminders(host, { ...contacts, disco: capabilities, foreigners, notifications });
    const subscriptions = new Subscriptions({ host, table, nodes, reading, notifications });
    answerRequests(host, { nodes, reading, subscriptions });
    discoverable(host, reading);
    host.on(removing, "record", async ({ account }) => {
      await table.change(account, async ({ byName }) => {
        await host.db.batch(deleteAccount(account.toString()));
        byName.clear();
      });
      await subscriptions.forget(account);
    });
    return {
      publish: (account, publication) => nodes.publish(account, publication),
      retract: (account, node, id) => nodes.retract(account, node, id, false),
      async items(account, node) {
        const found = await reading.items(account, node);
        return found.map(({ id, xml }) => ({ id, payload: xml === "" ? undefined : parseText(xml) }));
      },
    };
  },
};
