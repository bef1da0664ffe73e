export { kept, privateStorage, recalling } from "./private-storage.ts";
