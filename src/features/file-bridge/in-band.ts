import { Recent } from "#collections/recent.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Element } from "#xml/element.ts";
import { readSid } from "./offer.ts";
import { close, data, open } from "./tags.ts";
import { incomplete, type Transfer } from "./transfer.ts";

/** The largest block that is taken (XEP-0047 §2.1); its number is one of 16 bits. */
export const largestBlock = 65_535;
const sequence = 65_536;
/** Streams that have ended and of which somebody may still say so. */
const mostEnded = 1_000;

/** What is open in-band. */
interface Stream {
  readonly transfer: Transfer;
  readonly blockSize: number;
  /** The number of the next block. */
  next: number;
}

/** Where transfers are found by the stream between two. */
export type Finder = (requester: Jid, target: Jid, sid: string) => Transfer | undefined;

/** The receiving end of In-Band Bytestreams (XEP-0047), for the transfers that have been agreed on. */
export class InBand {
  readonly #find: Finder;
  readonly #streams = new WeakMap<Transfer, Stream>();
  readonly #ended = new Recent<true>(mostEnded);

  constructor(find: Finder) {
    this.#find = find;
  }

  /**
   * Takes what belongs to a stream of ours; resolves when it is written. False: it belongs to none.
   * @throws StanzaError as XEP-0047 §2.2
   */
  take(from: Jid, to: Jid, payload: Element): boolean | Promise<boolean> {
    const { sid = "" } = payload.attrs;
    const transfer = this.#find(from, to, sid);
    if (transfer === undefined) return payload.is(close) && this.#ended.take(`${from} ${to} ${sid}`) === true;
    if (payload.is(open)) return this.#open(transfer, payload);
    const stream = this.#streams.get(transfer);
    if (stream === undefined) return false;
    if (payload.is(data)) return this.#data(stream, payload);
    if (payload.is(close)) transfer.fail(incomplete());
    return true;
  }

  /** §2.1. */
  #open(transfer: Transfer, { attrs }: Element): true {
    const size = attrs["block-size"] ?? "";
    const blockSize = /^0*[1-9]\d{0,4}$/.test(size) ? Number(size) : 0;
    if (blockSize === 0) throw new StanzaError("bad-request", badBlock);
    if (blockSize > largestBlock) throw new StanzaError("resource-constraint", badBlock, { type: "modify" });
    if (this.#streams.has(transfer) || transfer.hasBegun) throw new StanzaError("not-acceptable", openAlready);
    readSid(attrs.sid);
    transfer.cut?.(); // it was to come by the proxy
    transfer.cut = undefined;
    transfer.heard = performance.now();
    this.#streams.set(transfer, { transfer, blockSize, next: 0 });
    return true;
  }

  /** §2.2: blocks come in order, and each is acknowledged when it is taken, the last one when the file is safe. */
  async #data(stream: Stream, payload: Element): Promise<true> {
    const { transfer } = stream;
    const bytes = decoded(payload.text, stream.blockSize);
    const expected = payload.attrs.seq === `${stream.next}`;
    if (!expected || bytes === undefined) {
      transfer.fail(incomplete()); // §2.2: nothing after it is processed
      if (!expected) throw new StanzaError("unexpected-request", wrongOrder, { type: "cancel" });
      throw new StanzaError("bad-request", badBlock, { type: "cancel" });
    }
    if (transfer.isWhole) throw new StanzaError("unexpected-request", wrongOrder, { type: "cancel" });
    stream.next = (stream.next + 1) % sequence;
    const { parties, sid } = transfer;
    const more = transfer.write(bytes);
    if (transfer.isWhole) this.#ended.set(`${parties.session.jid} ${parties.target} ${sid}`, true);
    if (transfer.isWhole && !(await transfer.stored)) throw new StanzaError("not-acceptable", notKept);
    if (!more) await transfer.taken();
    if (transfer.isOver && !transfer.isWhole) throw new StanzaError("not-acceptable", notKept, { type: "cancel" });
    return true;
  }
}

/** §6: base64 (RFC 4648 §4) and nothing else, but for the white space that writing XML in lines brings. */
function decoded(text: string, most: number): Buffer | undefined {
  const packed = text.replaceAll(/[ \t\r\n]/g, "");
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return undefined;
  const bytes = Buffer.from(packed, "base64");
  return bytes.length > most ? undefined : bytes;
}

const badBlock = {
  en: `Blocks have 1 to ${largestBlock} bytes, no more than was agreed on, in base64.`,
  fr: `Les blocs font de 1 à ${largestBlock} octets, pas plus que convenu, en base64.`,
};
const openAlready = {
  en: "This file is on its way already.",
  fr: "Ce fichier est déjà en route.",
};
const wrongOrder = {
  en: "This block does not follow the one before it. Send the file again.",
  fr: "Ce bloc ne suit pas le précédent. Renvoyez le fichier.",
};
const notKept = {
  en: "The file is not what was announced, or could not be kept. Send it again.",
  fr: "Le fichier n'est pas celui qui a été annoncé, ou n'a pas pu être conservé. Renvoyez-le.",
};
