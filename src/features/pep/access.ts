import type { PresenceApi } from "#features/presence/index.ts";
import type { RosterApi } from "#features/roster/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Node } from "./store.ts";
import { refusal } from "./tags.ts";

/** Who may read what of an account (XEP-0060 §4.5). */
export class Access {
  readonly #presence: PresenceApi;
  readonly #roster: RosterApi;

  constructor(presence: PresenceApi, roster: RosterApi) {
    this.#presence = presence;
    this.#roster = roster;
  }

  /** Why somebody may not read a node; undefined if they may. */
  async refuses(account: Jid, node: Node, reader: Jid): Promise<StanzaError | undefined> {
    if (reader.bare.equals(account)) return undefined;
    const affiliation = node.affiliations[reader.bare.toString()];
    if (affiliation === "outcast") return new StanzaError("forbidden", outcast); // §6.1.3.8, §6.5.9.8
    const model = node.configuration["pubsub#access_model"];
    if (model === "open" || affiliation === "member") return undefined;
    if (model === "whitelist") return refusal("not-allowed", "closed-node", closed);
    if (model === "roster" && !(await this.#isInGroup(account, node, reader.bare))) {
      return refusal("not-authorized", "not-in-roster-group", notInGroup);
    }
    // Those in a group, too (§6.5.1): it stays what the owner calls somebody who may see the owner no more.
    if (await this.#presence.authorized(account, reader)) return undefined;
    return refusal("not-authorized", "presence-subscription-required", noPresence);
  }

  /** Whether the owner has a contact in one of the groups chosen, or has the contact by such a group of all. */
  async #isInGroup(account: Jid, { configuration }: Node, contact: Jid): Promise<boolean> {
    const chosen = configuration["pubsub#roster_groups_allowed"].split("\n");
    const own = (await this.#roster.get(account)).items.get(contact.toString())?.groups ?? [];
    const shared = this.#roster.shared.find(account, contact)?.groups ?? [];
    return [...own, ...shared].some((group) => chosen.includes(group));
  }
}

const outcast = {
  en: "The owner does not let you read this.",
  fr: "Le propriétaire ne vous permet pas de lire ceci.",
};
const closed = {
  en: "Only its owner and the people that the owner chose may read this.",
  fr: "Seuls le propriétaire et les personnes qu'il a choisies peuvent lire ceci.",
};
const notInGroup = {
  en: "Only contacts in groups that the owner chose may read this.",
  fr: "Seuls les contacts des groupes choisis par le propriétaire peuvent lire ceci.",
};
const noPresence = {
  en: "Only contacts who see the owner's presence may read this: ask to be added first.",
  fr: "Seuls les contacts qui voient la présence du propriétaire peuvent lire ceci : demandez d'abord à être ajouté.",
};
