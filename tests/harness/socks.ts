import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { MemorySockets } from "#core/memory-sockets.ts";
import type { RawSocket, SocketEvents } from "#core/sockets.ts";
import { destination } from "#features/proxy65/index.ts";
import type { Client } from "./client.ts";
import type { Stage } from "./scenario.ts";

/** A client's connection to the proxy, in tests. */
export class Socks extends EventEmitter implements SocketEvents {
  readonly socket: RawSocket;
  #bytes = Buffer.alloc(0);
  /** Everything that came, counted. */
  received = 0;
  isEnded = false;
  isClosed = false;

  constructor(socket: RawSocket) {
    super();
    this.socket = socket;
    socket.open(this);
  }

  data(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.received += bytes.length;
    this.emit("change");
  }

  drained(): void {
    this.emit("drained");
  }

  ended(): void {
    this.isEnded = true;
    this.emit("change");
  }

  closed(): void {
    this.isClosed = true;
    this.emit("change");
  }

  writes(bytes: Uint8Array | string): this {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    return this;
  }

  /** Exactly so many bytes. */
  async reads(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      assert.ok(!this.isEnded && !this.isClosed, `it is over, after ${this.#bytes.toString("hex")}`);
      await once(this, "change");
    }
    const read = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return read;
  }

  /** The peer ends, or the connection is over; what came before is returned. */
  async ends(): Promise<Buffer> {
    while (!this.isEnded && !this.isClosed) await once(this, "change");
    return this.#bytes;
  }

  /** Speaks SOCKS5 to the end; returns the code of the reply. */
  async asks(name: string): Promise<number> {
    this.writes(Buffer.from([5, 1, 0]));
    assert.deepEqual([...(await this.reads(2))], [5, 0]);
    this.writes(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), Buffer.from(name), Buffer.from([0, 0])]));
    const reply = await this.reads(5 + name.length + 2);
    assert.equal(reply.toString("latin1", 5, 5 + name.length), name);
    return reply[1]!;
  }
}

/** A connection to the proxy of a scenario. */
export function dial({ assembly }: Stage, from?: string): Socks {
  return new Socks((assembly.server.sockets as MemorySockets).connect(7777, from));
}

/** A connection that waits at a destination. */
export async function waiting(stage: Stage, name: string, from?: string): Promise<Socks> {
  const socks = dial(stage, from);
  assert.equal(await socks.asks(name), 0);
  return socks;
}

/** Both ends wait, as clients whose addresses are these. */
export async function pair(stage: Stage, sid: string, requester: string, target: string): Promise<[Socks, Socks]> {
  const name = destination(sid, requester, target);
  const to = await waiting(stage, name);
  return [await waiting(stage, name), to];
}

export function activation(sid: string, target: string | Client, at = "proxy.example.com"): string {
  return `<iq type='set' id='${sid}' to='${at}'><query xmlns='http://jabber.org/protocol/bytestreams' sid='${sid}'>
    <activate>${target}</activate></query></iq>`;
}

export const errorOf = (id: string, condition: string): string =>
  `<iq type='error' id='${id}'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>…</text></error></iq>`;

export const address = (at: string, id = "a"): string =>
  `<iq type='get' id='${id}' to='${at}'><query xmlns='http://jabber.org/protocol/bytestreams'/></iq>`;
