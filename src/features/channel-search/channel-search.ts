import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { count, section } from "#core/settings.ts";
import { type ListedRoom, listingRooms, Rates } from "#features/muc/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { formIn } from "#stanza/form.ts";
import { page, readPageRequest, resultSets } from "#stanza/rsm.ts";
import { type Element, tag } from "#xml/element.ts";
import { formFor, matches, type Wanted, wantedOf } from "./query.ts";
import { errors, refusals } from "./refusals.ts";

const namespace = "urn:xmpp:channel-search:0:search";
const search = tag(namespace, "search");
const result = tag(namespace, "result");
const item = tag(namespace, "item");
const details = {
  name: tag(namespace, "name"),
  description: tag(namespace, "description"),
  language: tag(namespace, "language"),
  users: tag(namespace, "nusers"),
  service: tag(namespace, "service-type"),
  open: tag(namespace, "is-open"),
  anonymity: tag(namespace, "anonymity-mode"),
} as const;
const rateLimit = tag(errors, "rate-limit");

/** Most rooms of one page. */
const mostItems = 100;

const settings = section({
  rate: count(60, "Searches for rooms of one account in a minute; 0: any number."),
});

type SearchSettings = ReturnType<(typeof settings)["parse"]>;

/**
 * Extended Channel Search (XEP-0433): people find rooms by words of their name, description or address, in pages, the
 * most visited first. Rooms that are not for everybody are found by their members.
 */
export const channelSearch: Feature<SearchSettings> = {
  name: "channel-search",
  where: "service",
  xeps: [{ number: 433, version: "0.1.0", note: "of the rooms of this server" }],
  settings,
  setup(host, { rate }) {
    if (!host.has(listingRooms)) return; // a service without rooms
    const rates = new Rates<string>(rate);
    host.offer(resultSets);
    host.iq("get", search, "host", (iq, payload, origin) => {
      const submitted = formIn(payload);
      if (submitted === undefined) return search({}, formFor(iq.lang ?? origin?.lang));
      if (!rates.take(iq.from.bare.toString())) {
        const detail = rateLimit({ "retry-after": Math.ceil(60 / rate).toString() });
        throw new StanzaError("resource-constraint", refusals.tooOften, { detail });
      }
      const request = readPageRequest(payload, mostItems) ?? { max: mostItems };
      const found = page(find(host, iq.from, wantedOf(submitted)), request, ({ address }) => address);
      return result({}, ...found.items.map(described), found.set);
    });
  },
};

function find(host: Host, reader: ListedRoom["jid"], wanted: Wanted): ListedRoom[] {
  if (!wanted.types.includes("xep-0045")) return [];
  const listing = { reader, rooms: [] as ListedRoom[] };
  void host.fire(listingRooms, listing);
  const found = listing.rooms.filter((room) => matches(room, wanted));
  const byAddress = (one: ListedRoom, other: ListedRoom) => (one.address < other.address ? -1 : 1);
  if (wanted.order === "address") return found.sort(byAddress);
  return found.sort((one, other) => other.occupants - one.occupants || byAddress(one, other));
}

/** §6.2. */
function described(room: ListedRoom): Element {
  return item(
    { address: room.address },
    details.name({}, room.name),
    ...(room.description === "" ? [] : [details.description({}, room.description)]),
    ...(room.language === "" ? [] : [details.language({}, room.language)]),
    details.users({}, room.occupants.toString()),
    details.service({}, "xep-0045"),
    details.open({}, room.open ? "true" : "false"),
    details.anonymity({}, room.anonymous ? "muc_semianonymous" : "{urn:xmpp:channel-search:0:anonymity}none"),
  );
}
