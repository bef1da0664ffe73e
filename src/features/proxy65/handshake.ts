/** What the peer is told, and what to do then. */
export interface Step {
  /** To be written; empty: nothing. */
  readonly reply: Uint8Array;
  /** "more": go on listening; "refused": close once the reply is out; "ready": the request is complete. */
  readonly outcome: "more" | "refused" | "ready";
}

/** SOCKS5 (RFC 1928). */
const version = 5;
const noAuthentication = 0;
const connect = 1;
const domainName = 3;
/** Replies, RFC 1928 §6. */
const replies = { succeeded: 0, notAllowed: 2, commandNotSupported: 7, addressTypeNotSupported: 8 } as const;

/** The longest greeting: version, count, 255 methods. The longest request is about as long. */
const longest = 2 + 255;
const more: Step = { reply: new Uint8Array(0), outcome: "more" };
const silence: Step = { reply: new Uint8Array(0), outcome: "refused" };

/**
 * One side of SOCKS5 as XEP-0065 §6.3.2 uses it: no authentication, CONNECT to a "domain name" of 40 hexadecimal digits, port
 * 0. Anything else is refused with the reply that RFC 1928 has for it.
 */
export class Handshake {
  #bytes = Buffer.alloc(0);
  #greeted = false;
  /** The name that was asked for, in lower case; set when a step says "ready". */
  destination = "";
  /** As the peer wrote it: replies repeat it (XEP-0065 §6.3.2). */
  #written = Buffer.alloc(0);

  /** Bytes that came behind the request. */
  get rest(): Uint8Array {
    return this.#bytes;
  }

  take(bytes: Uint8Array): Step {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    return this.#greeted ? this.#request() : this.#greeting();
  }

  /** The answer to a complete request. */
  answer(accepted: boolean): Uint8Array {
    return this.#reply(accepted ? replies.succeeded : replies.notAllowed);
  }

  #greeting(): Step {
    const [theirs, count] = this.#bytes;
    if (theirs !== undefined && theirs !== version) return silence; // another protocol: it would not understand
    if (count === undefined || this.#bytes.length < 2 + count) return more;
    const methods = this.#bytes.subarray(2, 2 + count);
    this.#bytes = this.#bytes.subarray(2 + count);
    if (!methods.includes(noAuthentication)) return { reply: Buffer.from([version, 0xff]), outcome: "refused" };
    this.#greeted = true;
    const chosen = Buffer.from([version, noAuthentication]);
    // Nothing should come before our choice; where it does, it is read all the same.
    const next = this.#bytes.length === 0 ? more : this.#request();
    return { reply: Buffer.concat([chosen, next.reply]), outcome: next.outcome };
  }

  #request(): Step {
    const bytes = this.#bytes;
    const [theirs, command, , type, length] = bytes;
    if (theirs !== undefined && theirs !== version) return silence;
    if (bytes.length < 5) return more;
    if (type !== domainName) return this.#refused(replies.addressTypeNotSupported);
    const end = 5 + length! + 2;
    if (bytes.length < end) return bytes.length > longest ? silence : more;
    this.#written = Buffer.from(bytes.subarray(4, end));
    this.#bytes = Buffer.from(bytes.subarray(end));
    if (command !== connect) return this.#refused(replies.commandNotSupported);
    const name = this.#written.toString("latin1", 1, 1 + length!).toLowerCase();
    const port = this.#written.readUInt16BE(1 + length!);
    if (!/^[0-9a-f]{40}$/.test(name) || port !== 0) return this.#refused(replies.notAllowed);
    this.destination = name;
    return { reply: new Uint8Array(0), outcome: "ready" };
  }

  #refused(code: number): Step {
    return { reply: this.#reply(code), outcome: "refused" };
  }

  /** BND.ADDR and BND.PORT are what the peer asked for; where that could not be read, an empty IPv4 address. */
  #reply(code: number): Buffer {
    if (this.#written.length === 0) return Buffer.from([version, code, 0, 1, 0, 0, 0, 0, 0, 0]);
    return Buffer.concat([Buffer.from([version, code, 0, domainName]), this.#written]);
  }
}
