export { xmppPing } from "./ping.ts";
