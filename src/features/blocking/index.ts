export { type Blocking, blocking } from "./blocking.ts";
