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
export { type Disco, disco } from "./disco.ts";
