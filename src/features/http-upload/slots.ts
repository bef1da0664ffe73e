import { createHmac, timingSafeEqual } from "node:crypto";
import { encodeName } from "./names.ts";

/** What a slot allows: to put this file there, once, until it expires. */
export interface Slot {
  readonly id: string;
  /** The bare address of who asked. */
  readonly account: string;
  readonly name: string;
  readonly size: number;
  /** Media type; "" where none was named. */
  readonly type: string;
  /** Milliseconds since the epoch until which it can be used to upload. */
  readonly expires: number;
  /** Until when the file may be there at most (XEP-0363 §5.3); 0: as long as others. */
  readonly until: number;
}

/**
 * Slots as texts that only this server can make: a PUT needs no look-up, survives a restart, and works on any node. Who
 * has the text of a slot may also delete the file, for as long as it is there.
 */
export class Signatures {
  readonly #key: Uint8Array;

  /** @param key 32 secret bytes */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  sign({ id, account, name, size, type, expires, until }: Slot): string {
    const content = Buffer.from(JSON.stringify([account, size, type, expires, until])).toString("base64url");
    return `${content}.${this.#mac(id, name, content).toString("base64url")}`;
  }

  /** The slot of a text, for this file; undefined if it is not ours. Whether it has expired is for the caller. */
  read(id: string, name: string, text: string): Slot | undefined {
    const [content = "", signature = ""] = text.slice(0, 8192).split(".", 2);
    const given = Buffer.from(signature, "base64url");
    const right = this.#mac(id, name, content);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const values = JSON.parse(Buffer.from(content, "base64url").toString()) as [string, number, string, number, number];
    const [account, size, type, expires, until] = values;
    return { id, account, name, size, type, expires, until };
  }

  #mac(id: string, name: string, content: string): Buffer {
    return createHmac("sha256", this.#key)
      .update(`${id}/${encodeName(name)}/${content}`)
      .digest();
  }
}
