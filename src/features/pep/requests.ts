import type { Answer, Host } from "#core/host.ts";
import { StanzaError } from "#stanza/error.ts";
import { formIn, isCancelled } from "#stanza/form.ts";
import type { Iq } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { configurationForm, configured, defaultsOf } from "./configuration.ts";
import type { Reading } from "./reading.ts";
import type { PersonalNodes } from "./service.ts";
import type { Subscriptions } from "./subscriptions.ts";
import * as tags from "./tags.ts";

export interface RequestParts {
  readonly nodes: PersonalNodes;
  readonly reading: Reading;
  readonly subscriptions: Subscriptions;
}

type Answering = (iq: Iq, request: Element, payload: Element) => Answer | Promise<Answer>;

/** Answers requests to accounts as personal pubsub services (XEP-0163 §2.1). */
export function answerRequests(host: Host, parts: RequestParts): void {
  const requests = [
    ["get", tags.pubsub, reads(parts)],
    ["set", tags.pubsub, writes(parts)],
    ["get", tags.owner.pubsub, ownerReads(parts)],
    ["set", tags.owner.pubsub, ownerWrites(parts)],
  ] as const;
  for (const [type, tag, table] of requests) {
    host.iq(type, tag, ["self", "account"], (iq, payload) => dispatch(table, iq, payload));
  }
}

/** What is asked is the first child; others modify it. */
function dispatch(table: Readonly<Record<string, Answering>>, iq: Iq, payload: Element): Answer | Promise<Answer> {
  const [request] = payload.elements;
  if (request === undefined) throw new StanzaError("bad-request");
  const answering = request.ns === payload.ns && Object.hasOwn(table, request.name) ? table[request.name] : undefined;
  if (answering === undefined) throw new StanzaError("feature-not-implemented");
  return answering(iq, request, payload);
}

function reads({ reading, subscriptions }: RequestParts): Readonly<Record<string, Answering>> {
  return {
    items: (iq, request, payload) => reading.answer(iq.to, payload, request, iq.from),
    subscriptions: (iq, request) => subscriptions.own(iq, request),
    affiliations: (iq, request) => subscriptions.ownAffiliations(iq, request),
  };
}

function writes({ nodes, subscriptions }: RequestParts): Readonly<Record<string, Answering>> {
  return {
    publish: (iq, request, payload) => publish(nodes, iq, request, payload),
    async retract(iq, request) {
      demandOwner(iq);
      const id = request.child(tags.item)?.attrs.id;
      if (id === undefined || id === "") throw tags.refusal("bad-request", "item-required", noItem); // §7.2.3.4
      await nodes.retract(iq.to, nameIn(request), id, isTrue(request.attrs.notify));
    },
    create: (iq, request, payload) => create(nodes, iq, request, payload),
    subscribe: (iq, request) => subscriptions.subscribe(iq, request),
    unsubscribe: (iq, request) => subscriptions.unsubscribe(iq, request),
  };
}

function ownerReads({ reading, subscriptions }: RequestParts): Readonly<Record<string, Answering>> {
  return {
    async configure(iq, request) {
      demandOwner(iq);
      const { name, configuration } = await reading.node(iq.to, request.attrs.node, iq.to);
      return tags.owner.pubsub(
        {},
        tags.owner.configure({ node: name }, configurationForm.show(configuration, iq.lang)),
      );
    },
    default(iq) {
      demandOwner(iq);
      return tags.owner.pubsub({}, tags.owner.defaults({}, configurationForm.show(defaultsOf(""), iq.lang)));
    },
    subscriptions: (iq, request) => {
      demandOwner(iq);
      return subscriptions.all(iq.to, request);
    },
    affiliations: (iq, request) => {
      demandOwner(iq);
      return subscriptions.allAffiliations(iq.to, request);
    },
  };
}

function ownerWrites({ nodes, subscriptions }: RequestParts): Readonly<Record<string, Answering>> {
  return {
    async configure(iq, request) {
      demandOwner(iq);
      const submission = formIn(request);
      if (submission === undefined) throw new StanzaError("bad-request");
      if (isCancelled(submission)) return;
      await nodes.configure(iq.to, nameIn(request), (before) => configured(before, submission));
    },
    async delete(iq, request) {
      demandOwner(iq);
      await nodes.delete(iq.to, nameIn(request));
    },
    async purge(iq, request) {
      demandOwner(iq);
      await nodes.purge(iq.to, nameIn(request));
    },
    async subscriptions(iq, request) {
      demandOwner(iq);
      await subscriptions.change(iq.to, request);
    },
    async affiliations(iq, request) {
      demandOwner(iq);
      await subscriptions.changeAffiliations(iq.to, request);
    },
  };
}

async function publish(nodes: PersonalNodes, iq: Iq, request: Element, whole: Element): Promise<Element> {
  demandOwner(iq);
  const items = request.all(tags.item);
  if (items.length > 1) throw tags.refusal("not-allowed", "max-items-exceeded", oneItem); // §7.1.3.6
  const [item] = items;
  if (item === undefined) throw tags.refusal("bad-request", "item-required", noItem); // §7.1.3.3
  if (item.elements.length > 1) throw tags.refusal("bad-request", "invalid-payload", onePayload);
  const id = item.attrs.id || undefined;
  if (id !== undefined && Buffer.byteLength(id) > longestName) throw new StanzaError("not-acceptable", tooLong);
  const form = whole.child(tags.publishOptions);
  const options = form === undefined ? undefined : formIn(form);
  const node = nameIn(request);
  const given = await nodes.publish(iq.to, { node, id, payload: item.elements[0], options, byClient: true });
  return tags.pubsub({}, tags.publish({ node }, tags.item({ id: given })));
}

/** §8.1. */
async function create(nodes: PersonalNodes, iq: Iq, request: Element, whole: Element): Promise<Element | undefined> {
  demandOwner(iq);
  const instant = request.attrs.node === undefined || request.attrs.node === "";
  if (instant) throw tags.refusal("not-acceptable", "nodeid-required", nameIt); // §8.1.2: no instant nodes
  const name = nameIn(request);
  const configure = whole.child(tags.configureNew);
  const submission = configure === undefined ? undefined : formIn(configure);
  const base = defaultsOf(name);
  await nodes.create(iq.to, name, submission === undefined ? base : configured(base, submission));
  return undefined;
}

/** XEP-0163 §2.2: only the account publishes and administers. */
function demandOwner({ from, to }: Iq): void {
  if (!from.bare.equals(to)) throw new StanzaError("forbidden", notYours);
}

function nameIn({ attrs }: Element): string {
  if (attrs.node === undefined || attrs.node === "") throw tags.refusal("bad-request", "nodeid-required", nameIt);
  if (Buffer.byteLength(attrs.node) > longestName) throw new StanzaError("not-acceptable", tooLong);
  return attrs.node;
}

function isTrue(text: string | undefined): boolean {
  return text === "true" || text === "1";
}

/** Bytes in the name of a node, and in the id of an item. */
const longestName = 1023;

const notYours = {
  en: "Only its owner can change what an account publishes.",
  fr: "Seul son propriétaire peut modifier ce qu'un compte publie.",
};
const noItem = { en: "Say which item is meant.", fr: "Précisez de quel élément il s'agit." };
const oneItem = { en: "Publish one item at a time.", fr: "Publiez un élément à la fois." };
const onePayload = { en: "An item holds at most one element.", fr: "Un élément contient au plus un contenu." };
const nameIt = { en: "Name the node.", fr: "Nommez le nœud." };
const tooLong = { en: "This name is too long.", fr: "Ce nom est trop long." };
