export { bookmarks } from "./bookmarks.ts";
