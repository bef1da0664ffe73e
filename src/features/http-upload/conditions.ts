import type { IncomingHttpHeaders } from "node:http";

/** What identifies the state of a file. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  readonly modified: Date;
}

/** Evaluates the preconditions of a GET or HEAD in the order of RFC 9110 §13.2.2: the status to answer with. */
export function precondition(headers: IncomingHttpHeaders, validators: Validators): 200 | 304 | 412 {
  const { etag } = validators;
  const modified = seconds(validators.modified);
  const match = headers["if-match"];
  const unmodified = date(headers["if-unmodified-since"]);
  if (match !== undefined) {
    if (!lists(match, etag, true)) return 412;
  } else if (unmodified !== undefined && modified > unmodified) {
    return 412;
  }
  const none = headers["if-none-match"];
  const since = date(headers["if-modified-since"]);
  if (none !== undefined) return lists(none, etag, false) ? 304 : 200;
  return since !== undefined && modified <= since ? 304 : 200;
}

/** Whether a part may be sent rather than the whole (RFC 9110 §13.1.5): the client has a part of this very state. */
export function partFits(headers: IncomingHttpHeaders, validators: Validators): boolean {
  const condition = headers["if-range"];
  if (condition === undefined || Array.isArray(condition)) return condition === undefined;
  const text = condition.trim();
  return text.startsWith('"') ? text === validators.etag : date(text) === seconds(validators.modified);
}

/** HTTP knows whole seconds. */
function seconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}

/** The dates of HTTP, all in GMT, the oldest form without saying so (RFC 9110 §5.6.7); one that cannot be read does not count. */
function date(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Z][a-z]+,? .* (?:GMT|\d{4})$/.test(text)) return undefined;
  const moment = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(moment) ? undefined : Math.floor(moment / 1000);
}

function lists(header: string, etag: string, strong: boolean): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (!strong && tag === `W/${etag}`));
}
