export { becameAvailable, becameUnavailable, disclosing } from "./hooks.ts";
export { type PresenceApi, presence } from "./presence.ts";
