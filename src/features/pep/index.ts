export { published, retracted } from "./hooks.ts";
export { type PepApi, pep } from "./pep.ts";
