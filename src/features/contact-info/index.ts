export { contactInfo } from "./contact-info.ts";
