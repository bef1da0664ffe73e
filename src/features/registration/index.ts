export { refusal, registration } from "./registration.ts";
