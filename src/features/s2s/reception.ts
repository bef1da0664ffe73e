import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { type Kind, Stanza } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { Element } from "#xml/element.ts";
import type { PeerStream } from "./peer-stream.ts";

/**
 * A stanza of another server, its addresses checked against what the peer has proved (RFC 6120 §8.1.2.2). Undefined
 * where it was answered already: its recipient's address is none.
 *
 * @throws StreamError
 */
export function readStanza(element: Element, kind: Kind, stream: PeerStream): Stanza | undefined {
  const { from: sender, to: recipient } = element.attrs;
  if (!sender || !recipient) throw new StreamError("improper-addressing", "A stanza needs 'from' and 'to'"); // §8.1.1.2
  const from = Jid.tryParse(sender);
  if (from === undefined) throw new StreamError("invalid-from", "The sender's address is malformed");
  const to = Jid.tryParse(recipient);
  if (to === undefined) {
    refuseAddress(element, { kind, from }, stream);
    return undefined;
  }
  const pair = { local: to.domain, remote: from.domain };
  if (stream.admits(pair)) return Stanza.of(kind, element, from, to);
  if (!stream.house.hosted(to.domain)) throw new StreamError("host-unknown", "No such domain is served here"); // §4.9.3.6
  throw new StreamError("invalid-from", "The sender's domain has not been proved on this stream"); // §4.9.3.9
}

/** RFC 6120 §8.3.3.8: one bad address of one sender does not end the stream for all of them. */
function refuseAddress(
  element: Element,
  { kind, from }: { readonly kind: Kind; readonly from: Jid },
  stream: PeerStream,
): void {
  const pair = [...stream.receives.values()].find(({ remote }) => remote === from.domain);
  if (pair === undefined) throw new StreamError("invalid-from", "The sender's domain has not been proved");
  const stanza = Stanza.of(kind, element, from, Jid.parse(pair.local));
  if (stanza.type === "error" || stanza.type === "result") return;
  stream.house.forward({ stanza: stanza.error(new StanzaError("jid-malformed", badAddress)) });
}

const badAddress = {
  en: "This is not a valid address. An address looks like login@domain.",
  fr: "Cette adresse n'est pas valide. Une adresse a la forme login@domaine.",
};
