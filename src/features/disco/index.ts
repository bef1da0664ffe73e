export { learned } from "./capabilities.ts";
export {
  type Description,
  describing,
  discoInfo,
  discoItems,
  type Item,
  type Listing,
  listing,
} from "./description.ts";
export { type Disco, disco, serviceDiscovery } from "./disco.ts";
