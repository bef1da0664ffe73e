export { s2s } from "./s2s.ts";
