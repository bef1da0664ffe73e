import { streamErrors, streams } from "#stanza/namespaces.ts";
import { type Element, tag } from "#xml/element.ts";

/** The conditions of RFC 6120 §4.9.3 that this server uses. */
export type StreamCondition =
  | "bad-format"
  | "bad-namespace-prefix"
  | "conflict"
  | "connection-timeout"
  | "host-gone"
  | "host-unknown"
  | "improper-addressing"
  | "internal-server-error"
  | "invalid-from"
  | "invalid-namespace"
  | "invalid-xml"
  | "not-authorized"
  | "not-well-formed"
  | "policy-violation"
  | "remote-connection-failed"
  | "reset"
  | "resource-constraint"
  | "restricted-xml"
  | "system-shutdown"
  | "undefined-condition"
  | "unsupported-encoding"
  | "unsupported-feature"
  | "unsupported-stanza-type"
  | "unsupported-version";

const error = tag(streams, "error");
const text = tag(streamErrors, "text");

/** Closes the stream (RFC 6120 §4.9): thrown by whoever reads from it. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly condition: StreamCondition;
  /** For the peer: plain words, nothing internal. */
  readonly explanation: string | undefined;

  /** An application-specific condition beside the defined one (RFC 6120 §4.9.4). */
  readonly detail: Element | undefined;

  constructor(condition: StreamCondition, explanation?: string, detail?: Element) {
    super(explanation ? `${condition}: ${explanation}` : condition);
    this.condition = condition;
    this.explanation = explanation;
    this.detail = detail;
  }

  toElement(): Element {
    return error(
      {},
      tag(streamErrors, this.condition)(),
      ...(this.explanation ? [text({ "xml:lang": "en" }, this.explanation)] : []),
      ...(this.detail ? [this.detail] : []),
    );
  }
}
