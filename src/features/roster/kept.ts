import type { Jid } from "#jid/jid.ts";
import type { Item, SubscriptionRequest } from "./item.ts";
import type { StoredRoster } from "./store.ts";

/** A roster in memory, as its owner sees it. */
export interface Kept {
  readonly account: Jid;
  readonly items: Map<string, Item>;
  requests: ReadonlyMap<string, SubscriptionRequest>;
  version: number;
  removed: number;
}

const noRequests: ReadonlyMap<string, SubscriptionRequest> = new Map();

/** What was read, as it is kept. */
export function toKept(account: Jid, stored: StoredRoster): Kept {
  const items = new Map(stored.items.map((item) => [item.contact.toString(), item]));
  const requests = stored.requests.map((request) => [request.contact.toString(), request] as const);
  const { version, removed } = stored;
  return { account, items, requests: requests.length === 0 ? noRequests : new Map(requests), version, removed };
}

/** What has become of a roster on disk. */
export interface Applied {
  readonly put: Item | undefined;
  readonly remove: Jid | undefined;
  readonly request: SubscriptionRequest | undefined;
  readonly settle: Jid | undefined;
  readonly version: number;
}

/** Brings a roster in memory to what is on disk now. */
export function apply(roster: Kept, { put, remove, request, settle, version }: Applied): void {
  if (put) roster.items.set(put.contact.toString(), put);
  if (remove) {
    roster.items.delete(remove.toString());
    roster.removed = version;
  }
  roster.version = version;
  if (!request && !settle) return;
  const requests = new Map(roster.requests);
  if (request) requests.set(request.contact.toString(), request);
  if (settle) requests.delete(settle.toString());
  roster.requests = requests.size === 0 ? noRequests : requests;
}
