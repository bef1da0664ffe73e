import { StanzaError } from "#stanza/error.ts";
import { choice, type Field, flag, line, lines } from "#stanza/field.ts";
import { type Form, form, formTypeOf, rawValues, type Values } from "#stanza/form.ts";
import type { Element } from "#xml/element.ts";
import { pubsubNamespace, refusal } from "./tags.ts";

/** What a node is like (XEP-0060 §16.4.4). `max` stands for as much as the server allows. */
const fields = {
  "pubsub#title": line({ en: "Name of the node", fr: "Nom du nœud" }),
  "pubsub#description": line({ en: "What it is about", fr: "Ce dont il s'agit" }),
  "pubsub#type": line({ en: "Type of its items", fr: "Type de ses éléments" }),
  "pubsub#access_model": choice(
    { en: "Who may read it", fr: "Qui peut le lire" },
    {
      open: { en: "Everybody", fr: "Tout le monde" },
      presence: { en: "Contacts who see my presence", fr: "Les contacts qui voient ma présence" },
      roster: { en: "Contacts in chosen groups", fr: "Les contacts de groupes choisis" },
      whitelist: { en: "Only myself and chosen people", fr: "Moi seul et les personnes choisies" },
    },
  ),
  "pubsub#roster_groups_allowed": lines({ en: "Groups that may read it", fr: "Groupes qui peuvent le lire" }),
  "pubsub#persist_items": flag({ en: "Keep the items", fr: "Conserver les éléments" }),
  "pubsub#max_items": line({ en: "How many items to keep", fr: "Nombre d'éléments à conserver" }, { longest: 10 }),
  "pubsub#item_expire": line(
    { en: "Seconds after which items go", fr: "Secondes après lesquelles les éléments disparaissent" },
    { longest: 10 },
  ),
  "pubsub#send_last_published_item": choice(
    { en: "When to send the last item", fr: "Quand envoyer le dernier élément" },
    {
      never: { en: "Never", fr: "Jamais" },
      on_sub: { en: "To new subscribers", fr: "Aux nouveaux abonnés" },
      on_sub_and_presence: { en: "To those who come online, too", fr: "Aussi à ceux qui se connectent" },
    },
  ),
  "pubsub#deliver_payloads": flag({ en: "Send the content with notifications", fr: "Envoyer le contenu" }),
  "pubsub#deliver_notifications": flag({ en: "Notify of items", fr: "Notifier les éléments" }),
  "pubsub#notify_retract": flag({ en: "Notify of removed items", fr: "Notifier les éléments retirés" }),
  "pubsub#notify_delete": flag({ en: "Notify when the node goes", fr: "Notifier la suppression du nœud" }),
  "pubsub#notify_config": flag({ en: "Notify when it changes", fr: "Notifier les changements de réglages" }),
  "pubsub#notification_type": choice(
    { en: "Kind of notification", fr: "Type de notification" },
    { headline: { en: "Headline", fr: "Annonce" }, normal: { en: "Message", fr: "Message" } },
  ),
  "pubsub#publish_model": choice(
    { en: "Who may publish", fr: "Qui peut publier" },
    { publishers: { en: "Only myself", fr: "Moi seul" } }, // XEP-0163 §2.2
  ),
} as const satisfies Record<string, Field<unknown>>;

export type Configuration = Values<typeof fields>;

const title = { en: "Settings of a node", fr: "Réglages d'un nœud" };

/** The form of a node's configuration, as its owner sees it. */
export const configurationForm: Form<typeof fields> = form(`${pubsubNamespace}#node_config`, { title, fields });
const optionsForm = form(`${pubsubNamespace}#publish-options`, { title, fields });

/** XEP-0163 §2.5: smart defaults. */
const defaults: Configuration = {
  "pubsub#title": "",
  "pubsub#description": "",
  "pubsub#type": "",
  "pubsub#access_model": "presence",
  "pubsub#roster_groups_allowed": "",
  "pubsub#persist_items": true,
  "pubsub#max_items": "1",
  "pubsub#item_expire": "max",
  "pubsub#send_last_published_item": "on_sub_and_presence",
  "pubsub#deliver_payloads": true,
  "pubsub#deliver_notifications": true,
  "pubsub#notify_retract": true,
  "pubsub#notify_delete": true,
  "pubsub#notify_config": false,
  "pubsub#notification_type": "headline",
  "pubsub#publish_model": "publishers",
};

/** XEP-0223: a private list of the account. */
const personal: Configuration = {
  ...defaults,
  "pubsub#access_model": "whitelist",
  "pubsub#max_items": "max",
  "pubsub#send_last_published_item": "never",
};

/** Nodes that would tell contacts what is none of their business, should a client forget to say how to keep them. */
const personalNodes: ReadonlySet<string> = new Set([
  "urn:xmpp:bookmarks:1",
  "storage:bookmarks",
  "urn:xmpp:mds:displayed:0",
]);

/** What a node of this name is, as long as nobody says otherwise. */
export function defaultsOf(name: string): Configuration {
  return personalNodes.has(name) ? personal : defaults;
}

/**
 * The configuration with what is submitted on top.
 *
 * @throws StanzaError `bad-request`, `not-acceptable`
 */
export function configured(current: Configuration, submission: Element): Configuration {
  return checked({ ...current, ...configurationForm.read(submission) });
}

/**
 * What a publisher wants of the node (XEP-0060 §7.1.5), on top of what it is.
 *
 * @throws StanzaError `conflict` with `precondition-not-met` where it asks for what is unknown here
 */
export function optioned(current: Configuration, submission: Element): Configuration {
  if (formTypeOf(submission) !== optionsForm.formType) throw notMet();
  for (const name of rawValues(submission).keys()) {
    if (name !== "FORM_TYPE" && !Object.hasOwn(fields, name)) throw notMet();
  }
  return checked({ ...current, ...wishes(submission) });
}

/** A value that a node cannot have here, is a condition that is not met. */
function wishes(submission: Element): Partial<Configuration> {
  try {
    return optionsForm.read(submission);
  } catch (problem) {
    throw problem instanceof StanzaError && problem.condition === "not-acceptable" ? notMet() : problem;
  }
}

/** Whether two configurations have the same effect here, where a node keeps at most `limit` items. */
export function sameConfiguration(left: Configuration, right: Configuration, limit: number): boolean {
  const same = mostItems(left, limit) === mostItems(right, limit);
  const others = (Object.keys(fields) as (keyof Configuration)[]).filter((name) => name !== "pubsub#max_items");
  return same && others.every((name) => left[name] === right[name]);
}

export function notMet(): Error {
  return refusal("conflict", "precondition-not-met", {
    en: "The node is not kept the way this publication asks for.",
    fr: "Le nœud n'est pas conservé de la manière que demande cette publication.",
  });
}

/** The most items that are kept, at most `limit`. */
export function mostItems(configuration: Configuration, limit: number): number {
  return Math.min(numberOrMax(configuration["pubsub#max_items"]), limit);
}

/** Items that were published before are gone; 0 where they stay. In milliseconds since 1970. */
export function keptSince(configuration: Configuration, now: number = Date.now()): number {
  return Math.max(0, now - numberOrMax(configuration["pubsub#item_expire"]) * 1000);
}

function numberOrMax(text: string): number {
  return text === "max" ? Number.POSITIVE_INFINITY : Number(text);
}

function checked(configuration: Configuration): Configuration {
  for (const name of ["pubsub#max_items", "pubsub#item_expire"] as const) {
    if (!/^(?:max|[1-9]\d{0,8})$/.test(configuration[name])) {
      throw refusal("not-acceptable", "max-items-exceeded", {
        en: `${name} must be a whole number above 0, or “max”.`,
        fr: `${name} doit être un nombre entier supérieur à 0, ou « max ».`,
      });
    }
  }
  return configuration;
}
