export { channelSearch } from "./channel-search.ts";
