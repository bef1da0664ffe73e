export { type DirectoryCards, directoryVcards } from "./directory-vcards.ts";
export { Remembered } from "./remembered.ts";
