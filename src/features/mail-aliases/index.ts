export { mailAliases } from "./mail-aliases.ts";
