import type { Feature } from "#core/feature.ts";
import { remembering } from "#core/handover.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import { closed, delivering, fact, type LocalSession } from "#core/session.ts";
import { count, section } from "#core/settings.ts";
import { forwarded } from "#stanza/forward.ts";
import { body, message as messageTag, type Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";

const namespace = "urn:xmpp:csi:0";
const csi = tag(namespace, "csi");
const active = tag(namespace, "active");
const inactive = tag(namespace, "inactive");
const carbons = "urn:xmpp:carbons:2";
const chatStates = "http://jabber.org/protocol/chatstates";
const subject = tag("jabber:client", "subject");

const settings = section({
  held: count(300, "Stanzas kept back for a client that is inactive; with more, all are sent."),
});

const sleeping = fact("inactive", false);

/** Client State Indication (XEP-0352): a telephone in a pocket is woken for messages, not for every change of presence. */
export const clientState: Feature<ReturnType<(typeof settings)["parse"]>> = {
  name: "client-state",
  xeps: [{ number: 352, version: "1.0.0" }],
  settings,
  setup(host, { held: limit }) {
    const held = new Map<LocalSession, HeldBack>();
    const wake = (session: LocalSession) => {
      const kept = held.get(session);
      held.delete(session);
      kept?.flush();
    };
    host.stream({
      accepts: [active, inactive],
      offer: () => csi(), // §4.1: after authentication
      negotiate(stream, request) {
        const { session } = stream;
        if (session === undefined) return;
        session.set(sleeping, request.is(inactive));
        if (request.is(active)) wake(session); // §4.2
      },
    });
    host.on(delivering, "copy", ({ stanza, session }): Outcome => {
      if (!session.get(sleeping)) return;
      if (urgent(stanza)) return wake(session); // what was held goes first, so the order stays
      let kept = held.get(session);
      if (kept === undefined) {
        kept = new HeldBack(session);
        held.set(session, kept);
      }
      if (kept.add(stanza) > limit) wake(session);
      return handled;
    });
    // With the rest of what the client has not got, it survives the end of the process.
    host.on(remembering, "check", ({ session }) => wake(session));
    host.on(closed, "record", (session) => void held.delete(session));
  },
};

/** §5: presence and typing notices can wait; of one contact only the last presence counts. */
class HeldBack {
  readonly #session: LocalSession;
  readonly #stanzas = new Map<string, Stanza>();
  #others = 0;

  constructor(session: LocalSession) {
    this.#session = session;
  }

  /** Keeps a stanza; the number of stanzas kept. */
  add(stanza: Stanza): number {
    const key = `${stanza.kind} ${stanza.from} ${stanza.kind === "presence" ? "" : ++this.#others}`;
    this.#stanzas.delete(key);
    this.#stanzas.set(key, stanza);
    return this.#stanzas.size;
  }

  flush(): void {
    for (const stanza of this.#stanzas.values()) this.#session.connection.deliver(stanza);
  }
}

function urgent({ kind, type, element }: Stanza): boolean {
  if (kind === "presence") return type !== "" && type !== "unavailable";
  if (kind === "iq" || type === "error") return true;
  const copied = copyIn(element);
  return copied === undefined ? matters(element) : matters(copied);
}

/** §5: whether somebody says something; not that they are typing, nor news that clients can read at any time. */
function matters(message: Element): boolean {
  if (message.child(body) || message.child(subject)) return true;
  return message.attrs.type !== "headline" && !message.elements.some((child) => child.ns === chatStates);
}

/** What a copy (XEP-0280) is a copy of. */
function copyIn(message: Element): Element | undefined {
  const copy = message.elements.find((child) => child.ns === carbons);
  return copy?.child(forwarded)?.child(messageTag);
}
