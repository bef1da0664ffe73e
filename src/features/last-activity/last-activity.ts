import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { arriving, presenting } from "#core/packet.ts";
import { closed, type LocalSession } from "#core/session.ts";
import { presence } from "#features/presence/index.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { client } from "#stanza/namespaces.ts";
import { type Element, tag } from "#xml/element.ts";
import { Departures, migrations } from "./store.ts";

const query = tag("jabber:iq:last", "query");
const status = tag(client, "status");

/** The longest status that is kept, in UTF-16 code units. */
const longestStatus = 1024;

/**
 * Last Activity (XEP-0012): contacts see when somebody who is away was last connected, with the words left behind;
 * everybody sees since when the server runs.
 */
export const lastActivity: Feature = {
  name: "last-activity",
  xeps: [{ number: 12, version: "2.0" }],
  migrations,
  setup(host) {
    const contacts = host.use(presence);
    const departures = new Departures(host.db);
    const farewells = new WeakMap<LocalSession, string>();
    host.iq("get", query, "host", () => query({ seconds: secondsSince(host.server.startedAt) })); // §5
    host.iq("get", query, "account", async (iq) => {
      if (!iq.from.bare.equals(iq.to) && !(await contacts.authorized(iq.to, iq.from.bare))) throw refusal(); // §3
      return answer(host, departures, iq.to);
    });
    host.on(presenting, "record", ({ stanza, origin }) => {
      if (stanza.type === "unavailable") farewells.set(origin, statusOf(stanza.element));
      else farewells.delete(origin);
    });
    host.on(closed, "record", (session) => {
      if (host.sessions.of(session.jid).length > 0) return;
      const departure = { at: new Date(), status: farewells.get(session) ?? "" };
      background(host.log, departures.put(session.jid.bare.toString(), departure), "departure not kept");
    });
    host.on(removing, "record", ({ account }) => departures.forget(account.toString()));
    // §4: a question to a client is delivered only if whoever asks may see its presence.
    host.on(arriving, "check", ({ stanza }) => {
      if (!stanza.is("iq") || stanza.type !== "get" || stanza.to.isBare || !stanza.payload?.is(query)) return;
      if (stanza.from.bare.equals(stanza.to.bare)) return;
      const allowed = contacts.authorized(stanza.to.bare, stanza.from.bare);
      if (allowed instanceof Promise) return allowed.then(refuseUnless);
      refuseUnless(allowed);
    });
  },
};

async function answer(host: Host, departures: Departures, account: Jid): Promise<Element> {
  if (host.sessions.of(account).length > 0) return query({ seconds: "0" }); // §3
  const departure = await departures.of(account.toString());
  if (departure === undefined) throw new StanzaError("item-not-found", neverSeen);
  const words = departure.status === "" ? [] : [departure.status];
  return query({ seconds: secondsSince(departure.at) }, ...words);
}

function statusOf(presence: Element): string {
  // Its own copy: it outlives the stanza.
  return Buffer.from(presence.child(status)?.text.slice(0, longestStatus) ?? "").toString();
}

/** The clock may have been set back since: never negative. */
function secondsSince(moment: Date): string {
  return Math.max(0, Math.floor((Date.now() - moment.getTime()) / 1000)).toString();
}

function refuseUnless(allowed: boolean): void {
  if (!allowed) throw refusal();
}

function refusal(): StanzaError {
  return new StanzaError("forbidden", notAContact);
}

const notAContact = {
  en: "Only people who may see this person's presence may know this. Ask to be added to their contacts first.",
  fr: "Seules les personnes autorisées à voir la présence de cette personne peuvent le savoir. Demandez-lui d'abord d'être dans ses contacts.",
};
const neverSeen = {
  en: "This person has not connected yet.",
  fr: "Cette personne ne s'est pas encore connectée.",
};
