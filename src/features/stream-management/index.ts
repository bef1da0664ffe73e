export { streamManagement } from "./stream-management.ts";
