import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Host } from "#core/host.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";
import { building, speaking } from "./hooks.ts";
import type { Occupant } from "./occupants.ts";
import type { Room } from "./room.ts";

export const occupantIds = "urn:xmpp:occupant-id:0";
export const occupantId: Tag = tag(occupantIds, "occupant-id");

/** Occupant identifiers (XEP-0421): an occupant is known again after a change of name, without a real address. */
export class OccupantIds {
  readonly #key: KeyObject;
  readonly #known = new WeakMap<Occupant, Element>();

  constructor(host: Host) {
    this.#key = createSecretKey(host.server.secret("occupant ids of rooms"));
    host.offer(occupantIds);
    host.offer(occupantIds, "account");
    host.on(building, "amend", ({ room, occupant, payloads }) => void payloads.push(this.of(room, occupant)));
    host.on(speaking, "amend", (event) => {
      event.message = event.message.append(this.of(event.room, event.occupant));
    });
  }

  /** The same for a person in a room at all times (§4.1). */
  of(room: Room, occupant: Occupant): Element {
    const known = this.#known.get(occupant);
    if (known !== undefined) return known;
    const id = createHmac("sha256", this.#key).update(`${room.jid}\0${occupant.account}`).digest("base64url");
    const element = occupantId({ id });
    this.#known.set(occupant, element);
    return element;
  }
}
