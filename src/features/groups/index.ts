export { type GroupsApi, groups } from "./groups.ts";
