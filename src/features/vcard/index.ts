export type { Photo } from "./photo.ts";
export { changed, type Sourcing, sourcing, type VcardApi, vcard } from "./vcard.ts";
