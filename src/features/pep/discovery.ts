import type { Host } from "#core/host.ts";
import { type Description, describing, type Listing, listing } from "#features/disco/index.ts";
import { dataSet } from "#stanza/form.ts";
import type { Reading } from "./reading.ts";
import type { Node } from "./store.ts";
import { pubsubNamespace } from "./tags.ts";

/** What is said to be supported (XEP-0060 §10, XEP-0163 §6). */
const abilities = [
  "access-open",
  "access-presence",
  "access-roster",
  "access-whitelist",
  "auto-create",
  "auto-subscribe",
  "config-node",
  "config-node-max",
  "create-and-configure",
  "create-nodes",
  "delete-items",
  "delete-nodes",
  "filtered-notifications",
  "item-ids",
  "last-published",
  "manage-subscriptions",
  "member-affiliation",
  "meta-data",
  "modify-affiliations",
  "multi-items",
  "outcast-affiliation",
  "persistent-items",
  "presence-notifications",
  "presence-subscribe",
  "publish",
  "publish-options",
  "purge-nodes",
  "retract-items",
  "retrieve-affiliations",
  "retrieve-default",
  "retrieve-items",
  "retrieve-subscriptions",
  "rsm",
  "subscribe",
];

/** Tells clients that accounts publish, and what. */
export function discoverable(host: Host, reading: Reading): void {
  host.identity({ category: "pubsub", type: "pep" }, "account");
  for (const ability of abilities) host.offer(`${pubsubNamespace}#${ability}`, "account");
  // Synchronous where it is not about a node of an account: others wait for the answer.
  host.on(describing, "amend", (description) => {
    const { to, node } = description;
    if (!to.isDomain && node !== undefined && !description.known) return describeNode(reading, description, node);
  });
  host.on(listing, "amend", (list) => {
    if (!list.to.isDomain && list.known === (list.node === undefined)) return listNodes(reading, list);
  });
}

async function describeNode(reading: Reading, description: Description, name: string): Promise<void> {
  const node = (await reading.visible(description.to, description.from)).find((one) => one.name === name);
  if (node === undefined) return;
  description.known = true;
  description.identities.push({ category: "pubsub", type: "leaf" });
  description.features.add(pubsubNamespace);
  description.forms.push(metaData(node));
}

async function listNodes(reading: Reading, list: Listing): Promise<void> {
  const { to, from, node: name, items } = list;
  const nodes = await reading.visible(to, from);
  const jid = to.toString();
  if (name === undefined) {
    for (const one of nodes) items.push({ jid, node: one.name, ...titleOf(one) });
    return;
  }
  const node = nodes.find((one) => one.name === name);
  if (node === undefined) return;
  list.known = true;
  for (const id of await reading.ids(to, node)) items.push({ jid, name: id }); // §5.5
}

function titleOf({ configuration }: Node): { readonly name?: string } {
  const title = configuration["pubsub#title"];
  return title === "" ? {} : { name: title };
}

/** §5.4. */
function metaData({ configuration }: Node) {
  return dataSet(`${pubsubNamespace}#meta-data`, {
    "pubsub#title": [configuration["pubsub#title"]],
    "pubsub#description": [configuration["pubsub#description"]],
    "pubsub#type": [configuration["pubsub#type"]],
    "pubsub#access_model": [configuration["pubsub#access_model"]],
    "pubsub#max_items": [configuration["pubsub#max_items"]],
  });
}
