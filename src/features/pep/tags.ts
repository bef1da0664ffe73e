import { StanzaError } from "#stanza/error.ts";
import type { Text } from "#stanza/text.ts";
import { type Tag, tag } from "#xml/element.ts";

/** The namespaces of XEP-0060. */
export const pubsubNamespace = "http://jabber.org/protocol/pubsub";
export const ownerNamespace = `${pubsubNamespace}#owner`;
const eventNamespace = `${pubsubNamespace}#event`;
const errorsNamespace = `${pubsubNamespace}#errors`;

const inPubsub = (name: string): Tag => tag(pubsubNamespace, name);
const inOwner = (name: string): Tag => tag(ownerNamespace, name);
const inEvent = (name: string): Tag => tag(eventNamespace, name);

export const pubsub = inPubsub("pubsub");
export const publish = inPubsub("publish");
export const publishOptions = inPubsub("publish-options");
export const item = inPubsub("item");
export const items = inPubsub("items");
export const retract = inPubsub("retract");
export const create = inPubsub("create");
export const configureNew = inPubsub("configure");
export const subscribe = inPubsub("subscribe");
export const unsubscribe = inPubsub("unsubscribe");
export const subscription = inPubsub("subscription");
export const subscriptions = inPubsub("subscriptions");
export const affiliation = inPubsub("affiliation");
export const affiliations = inPubsub("affiliations");

/** What the owner of a node asks (XEP-0060 §8). */
export const owner = {
  pubsub: inOwner("pubsub"),
  configure: inOwner("configure"),
  defaults: inOwner("default"),
  delete: inOwner("delete"),
  purge: inOwner("purge"),
  affiliation: inOwner("affiliation"),
  affiliations: inOwner("affiliations"),
  subscription: inOwner("subscription"),
  subscriptions: inOwner("subscriptions"),
} as const;

/** What subscribers are told (XEP-0060 §7, §8). */
export const event = {
  event: inEvent("event"),
  items: inEvent("items"),
  item: inEvent("item"),
  retract: inEvent("retract"),
  delete: inEvent("delete"),
  purge: inEvent("purge"),
  configuration: inEvent("configuration"),
} as const;

/** The conditions of XEP-0060 that go beside those of RFC 6120. */
export type Detail =
  | "closed-node"
  | "invalid-jid"
  | "invalid-payload"
  | "item-required"
  | "item-forbidden"
  | "max-items-exceeded"
  | "max-nodes-exceeded"
  | "nodeid-required"
  | "not-in-roster-group"
  | "not-subscribed"
  | "payload-required"
  | "payload-too-big"
  | "precondition-not-met"
  | "presence-subscription-required"
  | "too-many-subscriptions";

/** A refusal with its condition of XEP-0060 §13.1. */
export function refusal(
  condition: ConstructorParameters<typeof StanzaError>[0],
  detail: Detail,
  explanation: Text,
): StanzaError {
  return new StanzaError(condition, explanation, { detail: tag(errorsNamespace, detail)() });
}
