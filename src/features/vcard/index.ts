export { type Sourcing, sourcing, vcard } from "./vcard.ts";
