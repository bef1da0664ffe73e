export { clientState } from "./client-state.ts";
