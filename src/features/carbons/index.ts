export { carbons } from "./carbons.ts";
