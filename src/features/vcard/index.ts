export { type Sourcing, sourcing, type VcardApi, vcard } from "./vcard.ts";
