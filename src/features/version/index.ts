export { softwareVersion } from "./version.ts";
