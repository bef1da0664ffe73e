import { attribute } from "#test/bench/load/login.ts";
import type { ManagedClient } from "./client.ts";

/** What is in an archive, as its reader sees it page by page (XEP-0313), from where it stopped the last time. */
export class ArchiveReader {
  readonly #room: string | undefined;
  #after = "";

  /** Of a room, else of the account of who reads. */
  constructor(room?: string) {
    this.#room = room;
  }

  /** The messages since the last time: their ids, and what the archive calls them; undefined if there is no archive. */
  async next(reader: ManagedClient): Promise<{ id: string; number: string }[] | undefined> {
    const found: { id: string; number: string }[] = [];
    for (;;) {
      const after = this.#after === "" ? "" : `<after>${this.#after}</after>`;
      const { answer, messages } = await reader.ask(
        "set",
        `<query xmlns='urn:xmpp:mam:2' queryid='QUERY'><set xmlns='http://jabber.org/protocol/rsm'><max>200</max>${after}</set></query>`,
        this.#room,
      );
      if (/^<iq[^>]* type=['"]error/.test(answer)) return undefined;
      for (const result of messages) {
        const number = attribute(result.slice(result.indexOf("<result")), "id")!;
        this.#after = number;
        const inner = result.slice(result.indexOf("<message", result.indexOf("<forwarded")));
        const id = attribute(inner.slice(0, inner.indexOf(">")), "id");
        if (id !== undefined && inner.includes("<body")) found.push({ id, number });
      }
      if (messages.length === 0) return found;
    }
  }
}
