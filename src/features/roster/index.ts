export {
  heard,
  hears,
  type Item,
  type ItemChange,
  type Roster,
  type Subscription,
  type SubscriptionRequest,
  unknown,
} from "./item.ts";
export { interested } from "./push.ts";
export { type RosterApi, removed, roster } from "./roster.ts";
export type { Change, Changing } from "./rosters.ts";
export { nothingShared, type SharedContact, type SharedContacts, together } from "./shared.ts";
