export { messageDisplayed } from "./displayed.ts";
