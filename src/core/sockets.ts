/**
 * Connections that carry bytes of anything beside the XML streams, such as a file on its way. Adapters fill the
 * contract; nothing here is encrypted or framed.
 */

/** What a connection tells its user. Never called from inside a call of its own methods. */
export interface SocketEvents {
  /**
   * Bytes arrived, in order; never empty. They are lent: they may change after the call, unless the connection was
   * paused during it; then they stay until `resume()`. Not called while paused, nor after `destroy()`.
   */
  data(bytes: Uint8Array): void;
  /** After a `write` that returned false: the system has taken everything. */
  drained(): void;
  /** The peer sends no more; it may still read. */
  ended(): void;
  /** The connection is over. Called exactly once, and last. */
  closed(): void;
}

/** A connection. Nothing is read before `open()`. */
export interface RawSocket {
  /** Address and port, for the log. */
  readonly peer: string;
  /** The address alone; an IPv4 address mapped into IPv6 is shown as IPv4. */
  readonly address: string;
  /** What counts as one peer for limits: an IPv4 address, or the /64 network of an IPv6 address. */
  readonly network: string;
  /** Begins reading. Called again, it hands the connection to another user. */
  open(events: SocketEvents): void;
  /** False: not everything has been taken yet; leave the bytes as they are until `drained`. Ignored once it is over. */
  write(bytes: Uint8Array): boolean;
  /** Stops reading. The end of the connection may go unnoticed meanwhile. */
  pause(): void;
  resume(): void;
  /** Reads as much at a time as is good for long transfers, at the price of memory. Until then reads are small. */
  widen(): void;
  /** Sends what is written, then the end; what the peer still sends is read. */
  end(): void;
  /** Ends at once; what is not sent yet is dropped. */
  destroy(): void;
}

export interface SocketListenOptions {
  /** "0.0.0.0", "::" (IPv6 and IPv4) or one address of this machine. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  accept(socket: RawSocket): void;
}

export interface SocketListener {
  readonly address: string;
  /** The real one where 0 was asked for. */
  readonly port: number;
  /** Stops accepting. Connections already handed out stay. */
  close(): void;
}

/** Where connections that are no XML streams come from. */
export interface Sockets {
  /** Rejects with an Error that says what to do when the address or port cannot be had. */
  listen(options: SocketListenOptions): Promise<SocketListener>;
}
