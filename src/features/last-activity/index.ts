export { lastActivity } from "./last-activity.ts";
