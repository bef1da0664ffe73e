export { type Archive, stanzaId } from "./archive.ts";
export { archiveRead, fetched, type MamApi, mam } from "./mam.ts";
export { stanzaIds } from "./stanza-ids.ts";
export { archiveUpkeep } from "./upkeep.ts";
