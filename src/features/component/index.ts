export { component, componentListener } from "./component.ts";
