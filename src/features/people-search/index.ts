export { peopleSearch } from "./people-search.ts";
export { Rates } from "./rates.ts";
