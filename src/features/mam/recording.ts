import type { Host } from "#core/host.ts";
import type { Packet } from "#core/packet.ts";
import type { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { type Archive, stanzaId } from "./archive.ts";
import { worthKeeping } from "./eligible.ts";
import type { AllPreferences } from "./preferences.ts";

/** Puts what the accounts of a host send and get into their archives. */
export class Recording {
  readonly #host: Host;
  readonly #archive: Archive;
  readonly #preferences: AllPreferences;
  /** What went out last with the id of the sender's archive, and as it was before. */
  #stamped: { readonly stanza: Stanza; readonly before: Stanza } | undefined;

  constructor(host: Host, archive: Archive, preferences: AllPreferences) {
    this.#host = host;
    this.#archive = archive;
    this.#preferences = preferences;
  }

  /** An account sends a message. @throws StanzaError `resource-constraint` while nothing can be written */
  sent(packet: Packet): void | Promise<void> {
    const { stanza } = packet;
    if (stanza.kind !== "message" || !worthKeeping(stanza)) return;
    const { busy } = this.#archive.writer;
    return busy === undefined ? this.#recordSent(packet) : busy.then(() => this.#recordSent(packet));
  }

  #recordSent(packet: Packet): void | Promise<void> {
    const { stanza } = packet;
    const wanted = this.#wants(stanza.from, stanza.to);
    if (wanted === true) return this.#addSent(packet);
    if (wanted !== false) return wanted.then((yes) => (yes ? this.#addSent(packet) : undefined));
  }

  #addSent(packet: Packet): void {
    const { stanza } = packet;
    const id = this.#add(stanza, stanza.from, stanza.to);
    const toSelf = stanza.from.bare.equals(stanza.to.bare);
    // Only clients of the account see it: the others, in carbons, and all of them if it was written to oneself.
    if (!toSelf && this.#host.sessions.of(stanza.from).length < 2) return;
    packet.stanza = this.#archive.stamp(stanza, stanza.from, id);
    this.#stamped = toSelf ? undefined : { stanza: packet.stanza, before: stanza };
  }

  /** The carbons are made: nobody else is told of the sender's archive (XEP-0313 §3.5). */
  unmark(packet: Packet): void {
    const stamped = this.#stamped;
    if (stamped?.stanza === packet.stanza) {
      packet.stanza = stamped.before;
      this.#stamped = undefined;
      return;
    }
    const { stanza } = packet;
    if (stanza.kind !== "message" || stanza.element.child(stanzaId) === undefined) return;
    if (stanza.from.bare.equals(stanza.to.bare)) return;
    const kept = stanza.element.children.filter(
      (child) => typeof child === "string" || !this.#archive.isGenuine(child),
    );
    if (kept.length < stanza.element.children.length) packet.stanza = stanza.map((element) => element.holding(...kept));
  }

  /** A message comes for an account. @throws StanzaError `resource-constraint` while nothing can be written */
  received(packet: Packet): void | Promise<void> {
    const { stanza } = packet;
    if (stanza.kind !== "message" || stanza.to.local === "" || !worthKeeping(stanza)) return;
    if (this.#isRecorded(stanza)) return;
    // What comes from here has waited already: waiting again would part it from its sender's copy.
    const busy = packet.origin === undefined ? this.#archive.writer.busy : undefined;
    return busy === undefined ? this.#recordReceived(packet) : busy.then(() => this.#recordReceived(packet));
  }

  #recordReceived(packet: Packet): void | Promise<void> {
    const { stanza } = packet;
    const accepted = this.#isAccepted(stanza);
    if (accepted === true) return this.#addReceived(packet);
    if (accepted !== false) return accepted.then((yes) => (yes ? this.#addReceived(packet) : undefined));
  }

  /** It was archived when it came first, or when it was sent to oneself: it is only routed again. */
  #isRecorded({ element }: Stanza): boolean {
    for (const child of element.elements) if (child.is(stanzaId) && this.#archive.isGenuine(child)) return true;
    return false;
  }

  /** Whether delivery will take it (XEP-0313 §6.1): an archive holds nothing that was refused. */
  #isAccepted({ to, type }: Stanza): boolean | Promise<boolean> {
    const { sessions, accounts } = this.#host;
    if (!to.isBare && type !== "chat" && sessions.find(to) === undefined) return false; // RFC 6121 §8.5.3.2.1
    return sessions.of(to).length > 0 || accounts.exists(to.local);
  }

  #addReceived(packet: Packet): void | Promise<void> {
    const { to, from } = packet.stanza;
    const wanted = this.#wants(to, from);
    if (wanted === true) return this.#addWanted(packet);
    if (wanted !== false) return wanted.then((yes) => (yes ? this.#addWanted(packet) : undefined));
  }

  #addWanted(packet: Packet): void {
    const { stanza } = packet;
    const id = this.#add(stanza, stanza.to, stanza.from);
    packet.stanza = this.#archive.stamp(stanza, stanza.to, id);
  }

  #wants(account: Jid, peer: Jid): boolean | Promise<boolean> {
    return !this.#archive.retention.refuses(account) && this.#preferences.wants(account, peer);
  }

  #add(stanza: Stanza, owner: Jid, peer: Jid): number {
    this.#archive.checkWritable();
    return this.#archive.add(stanza, owner, peer);
  }
}
