import type { Jid } from "#jid/jid.ts";
import type { Element, Tag } from "#xml/element.ts";
import type { Connection, LocalSession } from "./session.ts";

/** What a stream feature may know of the client's stream that it is negotiated on. */
export interface Negotiation {
  readonly secure: boolean;
  /** The bare JID, once authenticated. */
  readonly account: Jid | undefined;
  /** Once bound. */
  readonly session: LocalSession | undefined;
  /** The stream's own connection. */
  readonly connection: Connection;
  /** Makes the stream carry a session that another connection had (XEP-0198 §5). */
  adopt(session: LocalSession): void;
  /** Writes an element of the stream that is not a stanza. */
  send(element: Element): void;
}

/**
 * Something that is agreed on before, or spoken beside, the stanzas of a client's stream (RFC 6120 §4.3). A feature adds
 * its own with `host.stream`. STARTTLS, SASL and binding are c2s's own.
 */
export interface StreamFeature {
  /** The elements it answers, at any time once the stream is authenticated. */
  readonly accepts: readonly Tag[];
  /** Its line in the stream features; undefined where it does not apply in the stream's present state. */
  offer(stream: Negotiation): Element | undefined;
  /** @throws StreamError to close the stream. */
  negotiate(stream: Negotiation, request: Element): void | Promise<void>;
}
