import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { type Hook, hook } from "#core/hooks.ts";
import { count, section, size } from "#core/settings.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Element, tag } from "#xml/element.ts";
import { parseText } from "#xml/parser.ts";
import { type Entry, migrations, PrivateStore } from "./store.ts";

const query = tag("jabber:iq:private", "query");

const settings = section({
  "element-size": size("64 KiB", "The most that a client may keep under one name in its private storage."),
  "account-size": size("1 MiB", "The most that an account may keep in its private storage."),
  elements: count(200, "How many different names an account may keep in its private storage."),
});

export interface PrivateStorageSettings {
  readonly "element-size": number;
  readonly "account-size": number;
  readonly elements: number;
}

/** A client reads what it keeps under one name. Handlers who keep that elsewhere put it in the place of what was found. */
export const recalling: Hook<{ readonly account: Jid; readonly wanted: Element; found: readonly Element[] }> =
  hook("private data recalled");
/** A client has written its private data; it is on disk. */
export const kept: Hook<{ readonly account: Jid; readonly elements: readonly Element[] }> = hook("private data kept");

/**
 * Private XML Storage (XEP-0049): clients keep their own data on the server, such as bookmarks of rooms and preferences,
 * and find them again from everywhere.
 */
export const privateStorage: Feature<PrivateStorageSettings> = {
  name: "private-storage",
  xeps: [{ number: 49, version: "1.2" }],
  settings,
  migrations,
  setup(host, limits) {
    const store = new PrivateStore(host.db);
    host.offer(query.ns);
    host.iq("get", query, "self", async (iq, { elements }) => {
      if (elements.length !== 1) throw new StanzaError("bad-request", oneAtATime); // §2.3, §3
      const wanted = elements[0]!;
      refuseReserved(wanted);
      const xml = await store.get(iq.to.toString(), wanted.ns, wanted.name);
      const event = { account: iq.to, wanted, found: xml === undefined ? [] : parseText(xml).elements };
      await host.fire(recalling, event);
      return event.found.length === 0 ? query({}, wanted.holding()) : query({}, ...event.found);
    });
    host.iq("set", query, "self", async (iq, { elements }) => {
      if (elements.length === 0) throw new StanzaError("not-acceptable", nothingToKeep); // §2.3
      for (const element of elements) refuseReserved(element);
      const account = iq.to.toString();
      const entries = grouped(elements);
      if (entries.some((entry) => entry.bytes > limits["element-size"])) throw tooMuch();
      const others = await store.usageBeside(account, entries);
      const bytes = entries.reduce((sum, entry) => sum + entry.bytes, others.bytes);
      if (
        bytes > limits["account-size"] ||
        others.entries + entries.filter((entry) => entry.xml !== "").length > limits.elements
      )
        throw tooMuch();
      await store.put(account, entries);
      await host.fire(kept, { account: iq.to, elements });
    });
    host.on(removing, "record", ({ account }) => store.forget(account.toString()));
    // §2.3, §4: of others, nothing may be read or written.
    for (const type of ["get", "set"] as const) {
      host.iq(type, query, "account", () => {
        throw new StanzaError("forbidden", notYours);
      });
    }
  },
};

/** Elements of the same name are kept together (§2.3: there may be several). */
function grouped(elements: readonly Element[]): Entry[] {
  const groups = new Map<string, Element[]>();
  for (const element of elements) {
    const key = `${element.name} ${element.ns}`;
    groups.set(key, [...(groups.get(key) ?? []), element]);
  }
  return [...groups.values()].map((group) => {
    const first = group[0]!;
    // An empty element is what is answered where nothing is kept: keeping it would be for nothing.
    const xml = group.every(isEmpty) ? "" : query({}, ...group).toString();
    return { namespace: first.ns, name: first.name, xml, bytes: Buffer.byteLength(xml) };
  });
}

function isEmpty(element: Element): boolean {
  return element.children.length === 0 && Object.keys(element.attrs).length === 0;
}

/** §2.3: namespaces of the protocol itself are no place for private data; an element without its own is in ours. */
function refuseReserved({ ns }: Element): void {
  if (ns === "" || ns === "vcard-temp" || ns.startsWith("jabber:") || ns.startsWith("http://jabber.org/")) {
    throw new StanzaError("not-acceptable", reserved);
  }
}

function tooMuch(): StanzaError {
  return new StanzaError("resource-constraint", noRoom, { type: "cancel" });
}

const oneAtATime = {
  en: "Ask for exactly one element of the private storage.",
  fr: "Demandez exactement un élément du stockage privé.",
};
const nothingToKeep = {
  en: "There is nothing to keep in this request.",
  fr: "Cette requête ne contient rien à conserver.",
};
const reserved = {
  en: "This namespace belongs to the protocol and cannot be used for private data.",
  fr: "Cet espace de noms appartient au protocole et ne peut pas servir à des données privées.",
};
const notYours = {
  en: "Private data can only be read and written by its owner.",
  fr: "Les données privées ne peuvent être lues et écrites que par leur propriétaire.",
};
const noRoom = {
  en: "This is more than the server keeps for one account. Remove something first.",
  fr: "C'est plus que ce que le serveur conserve pour un compte. Supprimez d'abord quelque chose.",
};
