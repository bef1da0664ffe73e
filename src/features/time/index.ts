export { entityTime } from "./time.ts";
