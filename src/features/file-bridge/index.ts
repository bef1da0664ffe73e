export { fileBridge } from "./file-bridge.ts";
