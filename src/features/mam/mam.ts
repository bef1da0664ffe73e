import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { type Hook, handled, hook, type Outcome } from "#core/hooks.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import { arriving, type Packet, sending } from "#core/packet.ts";
import { acknowledging, type Fact, fact, type LocalSession } from "#core/session.ts";
import { choice, count, duration, flag, section } from "#core/settings.ts";
import { roster } from "#features/roster/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Iq, isRequest, type Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";
import { metadata } from "./answers.ts";
import { Archive } from "./archive.ts";
import { startOf } from "./ids.ts";
import { AllPreferences, prefs, standards } from "./preferences.ts";
import { describeQuery, fullText, type Limits, namespace, query } from "./query.ts";
import { answerMetadata, answerQuery } from "./reading.ts";
import { Recording } from "./recording.ts";
import { migrations } from "./store.ts";

/** Up to which id the client had seen the archive when it asked for messages last; 0 if it never did. */
export const archiveRead: Fact<number> = fact<number>("archive read", 0);

/** A client has been sent these messages of its archive. */
export const fetched: Hook<{ readonly session: LocalSession; readonly ids: readonly number[] }> =
  hook("archived messages fetched");

const settings = section({
  keep: duration("30 days", "How long archived messages are kept; `0 days`: nothing is archived, of rooms neither."),
  "keep-rooms": duration("30 days", "How long archived messages of rooms are kept; `0 days`: none are archived."),
  quota: count(
    1_000_000,
    "Messages that the archive of an account or a room holds at most; with more, the oldest go; `0`: any number.",
  ),
  default: choice(
    standards,
    "always",
    "With whom conversations are archived, as long as somebody has not chosen: always, never or roster.",
  ),
  addresses: count(500, "Addresses in the lists of exceptions that one account may have."),
  page: count(50, "Messages that a client gets at a time if it does not say how many it wants."),
  "page-limit": count(250, "Messages that a client gets at a time at most."),
  search: flag(true, "Whether people can search their archive for words; costs room and time for each message."),
});

type Settings = ReturnType<(typeof settings)["parse"]>;

/** What other features may ask of the archive. */
export interface MamApi {
  readonly archive: Archive;
  /** Milliseconds that messages are kept: of accounts, and of rooms; 0: none are archived. */
  readonly keepMs: number;
  readonly keepRoomsMs: number;
  readonly limits: Limits;
  readonly recording: Recording | undefined;
}

/**
 * Message Archive Management (XEP-0313): people find their conversations of the last weeks in every client, also what
 * came while none was connected. They choose what is archived (XEP-0441), and can search it (XEP-0431).
 */
export const mam: Feature<Settings, MamApi> = {
  name: "mam",
  xeps: [
    { number: 313, version: "1.1.3", note: "archives of accounts and of rooms" },
    { number: 431, version: "0.2.0", note: "where the database can" },
    { number: 441, version: "0.2.0" },
  ],
  settings,
  migrations,
  async setup(host, values) {
    const keepRoomsMs = values.keep === 0 ? 0 : values["keep-rooms"];
    const terms = { keepMs: values.keep, keepRoomsMs, most: values.quota };
    const archive = archiveBefore(host) ?? (await Archive.open(host, values.search && values.keep > 0, terms));
    const { ids, searchable } = archive;
    const limits = { most: values["page-limit"], usual: values.page, ids, searchable };
    const api = { archive, keepMs: values.keep, keepRoomsMs, limits };
    host.on(removing, "record", async ({ account }) => {
      await archive.purge(account);
      await archive.retention.set(account, undefined);
    });
    archive.retention.addAccounts(host.domain);
    archive.keeps(host.domain, () => startOf(Date.now() - values.keep));
    if (values.keep === 0) return { ...api, recording: undefined };
    const contacts = host.use(roster);
    const preferences = new AllPreferences(host, contacts, { standard: values.default, addresses: values.addresses });
    const recording = new Recording(host, archive, preferences);
    host.on(arriving, "check", refuseOthers);
    host.on(sending, "record", (packet) => recording.sent(packet));
    host.on(arriving, "record", (packet) => recording.received(packet));
    host.on(removing, "record", ({ account }) => preferences.forget(account));
    host.on(acknowledging, "record", () => written(archive));
    answerQueries(host, archive, limits);
    host.iq("get", prefs, "self", ({ to }) => preferences.show(to));
    host.iq("set", prefs, "self", ({ to }, payload) => preferences.change(to, payload));
    return { ...api, recording };
  },
};

/** What is acknowledged survives a crash: it is written first, and not acknowledged while nothing can be written. */
async function written(archive: Archive): Promise<Outcome> {
  await archive.flush();
  return archive.writer.troubled ? handled : undefined;
}

/** The archive that a domain set up before has opened: there is one for all. */
function archiveBefore(host: Host): Archive | undefined {
  for (const other of host.server.router.hosts.values()) {
    if (other.domain !== host.domain && other.where === "accounts") return other.view("mam").use(mam).archive;
  }
  return undefined;
}

/** XEP-0313 §8.1: nobody reads the archive of somebody else, whether or not there is such an account. */
function refuseOthers({ stanza }: Packet): void {
  if (stanza.kind !== "iq" || stanza.to.local === "" || !stanza.to.isBare || !isRequest(stanza)) return;
  if (stanza.payload?.ns === namespace && !stanza.from.bare.equals(stanza.to)) {
    throw new StanzaError("forbidden", notYours);
  }
}

function answerQueries(host: Host, archive: Archive, limits: Limits): void {
  const { searchable } = archive;
  // XEP-0313 §8 wants it at the account; profanity, and web clients of before 2026, look at the domain.
  host.offer(namespace, "host");
  host.offer(`${namespace}#extended`, "account");
  host.offer(`${namespace}#groupchat-field`, "account");
  if (searchable) host.offer(fullText, "account");
  host.iq("get", query, "self", () => describeQuery(searchable));
  host.iq("get", metadata, "self", ({ to }) => answerMetadata(archive, to));
  host.iq("set", query, "self", async (iq: Iq, payload: Element, session?: LocalSession) => {
    if (session === undefined) throw new StanzaError("service-unavailable");
    const send = (stanza: Stanza) => session.send(stanza);
    const reading = { owner: iq.to, reader: session.jid, send };
    const { fin, ids, seen } = await answerQuery(archive, limits, payload, reading);
    session.set(archiveRead, seen);
    if (ids.length > 0) background(host.log, host.fire(fetched, { session, ids }));
    return fin;
  });
}

const notYours = {
  en: "Only the owner of an archive can read it.",
  fr: "Seul le propriétaire d'une archive peut la consulter.",
};
