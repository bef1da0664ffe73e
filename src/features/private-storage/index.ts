export { privateStorage } from "./private-storage.ts";
