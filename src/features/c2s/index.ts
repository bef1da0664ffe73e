export { c2s, clientSessions } from "./c2s.ts";
