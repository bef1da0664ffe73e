import assert from "node:assert/strict";
import { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { mismatch, pattern } from "./match.ts";
import type { Wire } from "./wire.ts";

/** A logged-in client with a bound resource, as scenarios see it. Its text form is its full JID. */
export class Client {
  readonly jid: Jid;
  readonly wire: Wire;
  readonly #pushedBack: Element[] = [];
  #questions = 0;

  constructor(jid: Jid, wire: Wire) {
    this.jid = jid;
    this.wire = wire;
  }

  toString(): string {
    return this.jid.toString();
  }

  async sends(text: string): Promise<void> {
    this.wire.writes(text);
  }

  /** The next stanza, whatever it is. */
  async next(what?: string): Promise<Element> {
    return this.#pushedBack.shift() ?? (await this.wire.next(what));
  }

  /**
   * The next stanza must fit. Presence of one's own other clients is passed over unless a presence is expected.
   */
  async receives(text: string): Promise<Element> {
    const expected = pattern(text);
    for (;;) {
      const element = await this.next(text);
      const why = mismatch(expected, element);
      if (why === undefined) return element;
      if (expected.name !== "presence" && this.#isOwnPresence(element)) continue;
      assert.fail(`${this}: ${why}\nexpected ${text}\ngot      ${element}`);
    }
  }

  /** The next stanzas must fit, each one of the expectations. */
  async receivesInAnyOrder(...texts: string[]): Promise<Element[]> {
    const left = texts.map((text) => ({ text, expected: pattern(text) }));
    const presences = left.some(({ expected }) => expected.name === "presence");
    const found: Element[] = [];
    while (left.length > 0) {
      const element = await this.next(left.map(({ text }) => text).join("\nor       "));
      const at = left.findIndex(({ expected }) => mismatch(expected, element) === undefined);
      if (at >= 0) {
        left.splice(at, 1);
        found.push(element);
      } else if (presences || !this.#isOwnPresence(element)) {
        assert.fail(`${this}: unexpected ${element}\nstill expected ${left.map(({ text }) => text).join("\n")}`);
      }
    }
    return found;
  }

  /** Sends, then expects. */
  async exchange(sent: string, expected: string): Promise<Element> {
    await this.sends(sent);
    return this.receives(expected);
  }

  /** Nothing has come: the answer to a ping to the server is the next stanza. */
  async receivesNothing(): Promise<void> {
    const id = `nothing-${++this.#questions}`;
    await this.sends(`<iq type='get' id='${id}' to='${this.jid.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    for (;;) {
      const element = await this.next("the answer to a ping");
      if (element.name === "iq" && element.attrs.id === id) return;
      if (!this.#isOwnPresence(element)) assert.fail(`${this}: expected nothing, got ${element}`);
    }
  }

  /** Waits for the server to have handled all that was sent; what comes meanwhile is kept. */
  async settles(): Promise<void> {
    const id = `settled-${++this.#questions}`;
    await this.sends(`<iq type='get' id='${id}' to='${this.jid.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const kept: Element[] = [];
    for (;;) {
      const element = await this.next("the answer to a ping");
      if (element.name === "iq" && element.attrs.id === id) break;
      kept.push(element);
    }
    this.#pushedBack.push(...kept);
  }

  /** Sends initial presence and takes its reflection; what else comes is kept. */
  async becomesAvailable(presence = "<presence/>"): Promise<void> {
    await this.sends(presence);
    const kept: Element[] = [];
    for (;;) {
      const element = await this.next("the reflection of the initial presence");
      if (element.name === "presence" && element.attrs.from === this.toString() && element.attrs.type === undefined)
        break;
      kept.push(element);
    }
    this.#pushedBack.push(...kept);
  }

  /** Closes the stream and waits for the server to have closed too. */
  async disconnect(): Promise<void> {
    this.wire.writes("</stream:stream>");
    await this.wire.ends();
  }

  /** The connection breaks. */
  async drop(): Promise<void> {
    this.wire.transport.destroy();
    await this.wire.ends();
  }

  #isOwnPresence(element: Element): boolean {
    if (element.name !== "presence" || element.attrs.from === undefined) return false;
    if (element.attrs.type !== undefined && element.attrs.type !== "unavailable") return false;
    return Jid.parse(element.attrs.from).bare.equals(this.jid.bare);
  }
}
