export { type Bytestream, destination } from "./destinations.ts";
export { type Proxy65, proxy65, proxyService } from "./proxy65.ts";
