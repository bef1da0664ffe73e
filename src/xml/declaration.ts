import { refuse } from "./error.ts";

/** `<?xml version='1.0' encoding='UTF-8' standalone='yes'?>`: bounded by the size limit, each part without backtracking. */
const form =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*("[^"<]*"|'[^'<]*')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*("[^"<]*"|'[^'<]*'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>$/;

/** Checks the XML declaration of a stream (RFC 6120 §11.5, §11.6): XML 1.0 in UTF-8, or nothing. */
export function checkDeclaration(declaration: string): void {
  if (!/^<\?xml[ \t\r\n]/.test(declaration)) refuse("restricted-xml", "Processing instructions are not allowed");
  const parts = form.exec(declaration);
  if (parts === null) refuse("not-well-formed", "The XML declaration is not well-formed");
  if (parts[1]?.slice(1, -1) !== "1.0") refuse("not-well-formed", "Only XML 1.0 is supported");
  const encoding = parts[2]?.slice(1, -1);
  if (encoding !== undefined && encoding.toUpperCase() !== "UTF-8") {
    refuse("unsupported-encoding", "Only UTF-8 is supported");
  }
}
