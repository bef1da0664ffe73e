import type { Feature } from "#core/feature.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { arriving, type Packet } from "#core/packet.ts";
import { DirectoryError, type People } from "#core/people.ts";
import { choice, count, section } from "#core/settings.ts";
import { discoInfo, discoItems, listing } from "#features/disco/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, isRequest } from "#stanza/stanza.ts";
import { languageOf } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import { fieldsOf, readTyped, resultOf, search, searchQuery } from "./answers.ts";
import { searchFor } from "./query.ts";
import { Rates } from "./rates.ts";

const settings = section({
  results: count(50, "People that one search shows at most."),
  letters: count(2, "Letters that one of the words of a search needs at least."),
  rate: count(30, "Searches of one account in a minute; 0: any number."),
  who: choice(["accounts", "everyone"], "accounts", "Who may search: accounts of this server, or everyone."),
});

type SearchSettings = ReturnType<(typeof settings)["parse"]>;

const infoQuery = tag(discoInfo, "query");
const infoIdentity = tag(discoInfo, "identity");
const infoFeature = tag(discoInfo, "feature");
const itemsQuery = tag(discoItems, "query");

/** What the search is called below its domain: `example.com/search`. */
const resource = "search";
const title = { en: "People search", fr: "Recherche de personnes" };
const identity = { category: "directory", type: "user" } as const;

/**
 * Jabber Search (XEP-0055): people find each other by name, e-mail, unit or login in the directory of the institution.
 *
 * The domain itself answers, and the same search is an item of the domain under an address of its own, because clients
 * such as Pidgin look for directories among the items; an item must not have the address of its parent (XEP-0030 §4.4).
 */
export const peopleSearch: Feature<SearchSettings> = {
  name: "people-search",
  xeps: [{ number: 55, version: "1.3" }],
  settings,
  setup(host, values) {
    if (host.people === undefined) return;
    const desk = new SearchDesk(host, host.people, values);
    const address = host.jid.withResource(resource);
    host.identity({ ...identity, name: title.en });
    host.iq("get", searchQuery, "host", (iq, _query, origin) => desk.form(iq, origin?.lang));
    host.iq("set", searchQuery, "host", (iq, query, origin) => desk.search(iq, query, origin?.lang));
    host.on(listing, "amend", ({ to, node, items }) => {
      if (to.isDomain && node === undefined) items.push({ jid: address.toString(), name: title.en });
    });
    host.on(arriving, "record", (packet) => {
      const { stanza } = packet;
      if (stanza.kind !== "iq" || stanza.to.local !== "" || stanza.to.resource !== resource) return;
      return desk.take(packet);
    });
  },
};

/** Answers who searches. */
class SearchDesk {
  readonly #host: Host;
  readonly #people: People;
  readonly #settings: SearchSettings;
  readonly #rates: Rates;

  constructor(host: Host, people: People, settings: SearchSettings) {
    this.#host = host;
    this.#people = people;
    this.#settings = settings;
    this.#rates = new Rates(settings.rate);
  }

  /**
   * §2.1: the fields. What would make the search itself fail is told here already: clients such as Pidgin show the
   * error of this request, but not that of the search.
   */
  async form(iq: Iq, lang: string | undefined): Promise<Element> {
    this.#admit(iq);
    if (!this.#rates.has(iq.from.bare.toString())) throw new StanzaError("resource-constraint", tooOften);
    await this.#ask(() => this.#people.find(iq.from.local));
    return fieldsOf(iq.lang ?? lang);
  }

  /** §2.1, §3: the search. @throws StanzaError */
  async search(iq: Iq, query: Element, lang: string | undefined): Promise<Element> {
    this.#admit(iq);
    const { results, letters } = this.#settings;
    const wanted = searchFor(readTyped(query), letters);
    if (wanted === undefined) throw new StanzaError("not-acceptable", tooShort(letters));
    if (!this.#rates.take(iq.from.bare.toString())) {
      throw new StanzaError("resource-constraint", tooOften);
    }
    // Of what the directory finds some may not fit: it is asked for more, so that the page is full all the same.
    const limit = wanted.narrower ? results * 4 : results;
    const found = await this.#ask(() => this.#people.search(wanted.query, limit));
    const people = found.people.filter((person) => !person.hidden && wanted.fits(person));
    const more = found.more || people.length > results;
    const { domain } = this.#host;
    return resultOf(query, { people: people.slice(0, results), more, domain }, iq.lang ?? lang);
  }

  /** A request to the item below the domain. */
  take({ stanza, origin }: Packet): Outcome | Promise<Outcome> {
    if (!stanza.is("iq") || !isRequest(stanza)) return handled;
    const answer = this.#answer(stanza, origin?.lang);
    if (answer instanceof Promise) return answer.then((element) => this.#reply(stanza, element));
    return this.#reply(stanza, answer);
  }

  #answer(iq: Iq, lang: string | undefined): Element | Promise<Element> {
    const query = iq.payload!;
    const { node } = query.attrs;
    if (query.is(searchQuery)) return iq.type === "get" ? this.form(iq, lang) : this.search(iq, query, lang);
    if (iq.type === "get" && query.is(infoQuery)) {
      if (node !== undefined) throw new StanzaError("item-not-found");
      const name = title[languageOf(iq.lang ?? lang)];
      const features = [discoInfo, discoItems, search].map((namespace) => infoFeature({ var: namespace }));
      return infoQuery({}, infoIdentity({ ...identity, name }), ...features);
    }
    if (iq.type === "get" && query.is(itemsQuery)) return itemsQuery({ node });
    throw new StanzaError("service-unavailable");
  }

  #reply(iq: Iq, element: Element): Outcome {
    this.#host.send(iq.reply(element));
    return handled;
  }

  #admit({ from }: Iq): void {
    if (this.#settings.who === "everyone") return;
    const own = this.#host.server.router.hosts.get(from.domain);
    if (own?.where !== "accounts") throw new StanzaError("forbidden", notForYou);
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question();
    } catch (problem) {
      if (!(problem instanceof DirectoryError)) throw problem;
      this.#host.log.warn("people search: the directory does not answer", { cause: problem });
      throw new StanzaError("internal-server-error", noAnswer, { type: "wait", cause: problem });
    }
  }
}

function tooShort(letters: number) {
  return {
    en: `Fill in at least one field, with a word of at least ${letters} letters.`,
    fr: `Remplissez au moins un champ, avec un mot d'au moins ${letters} lettres.`,
  };
}

const tooOften = {
  en: "Too many searches in a short time. Wait a minute and try again.",
  fr: "Trop de recherches en peu de temps. Attendez une minute et réessayez.",
};
const notForYou = {
  en: "Only people of this server may search its directory.",
  fr: "Seules les personnes de ce serveur peuvent chercher dans son annuaire.",
};
const noAnswer = {
  en: "The directory does not answer just now. Try again in a few minutes.",
  fr: "L'annuaire ne répond pas pour le moment. Réessayez dans quelques minutes.",
};
