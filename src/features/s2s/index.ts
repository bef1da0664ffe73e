export { s2s } from "./s2s.ts";
export { correspondents } from "./settings.ts";
