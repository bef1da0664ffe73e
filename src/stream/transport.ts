/**
 * The transport contract: a connection that carries bytes both ways, whatever it is made of (TCP, WebSocket, BOSH,
 * memory). The XML stream stands on it; adapters fill it; `transport.conformance.ts` says what each must do.
 *
 * Bytes travel as *byte strings*: one character (U+0000 to U+00FF) is one byte. UTF-8 goes through untouched.
 */

/**
 * Why a connection is over.
 * - `ended`: orderly; the peer closed, first or after our `close()`.
 * - `reset`: the connection broke.
 * - `slow`: what the peer had not yet taken exceeded the limit.
 * - `timeout`: a handshake took too long, or the peer did not close in the grace time after our `close()`.
 * - `tls`: the TLS handshake failed, or the TLS layer found an error.
 * - `shutdown`: this side cut it with `destroy()`.
 */
export type CloseReason = "ended" | "reset" | "slow" | "timeout" | "tls" | "shutdown";

/** What a transport tells its user. Never called from inside a call of the transport's own methods. */
export interface TransportEvents {
  /** Bytes arrived, in order; never empty. Not called between `pause()` and `resume()`, nor after `close()` or `destroy()`. */
  data(bytes: string): void;
  /** After a `write` returned false: everything written has been taken, go on. */
  drain(): void;
  /** The connection is over. Called exactly once, and last. `cause` is for the log, never for the peer. */
  closed(reason: CloseReason, cause?: Error): void;
}

/**
 * What keeps a certificate from being authorized.
 * - `time`: it, or one above it, has expired or is not valid yet.
 * - `name`: it names another server (only where the connecting side checks names itself).
 * - `trust`: no authority known here vouches for it, or the chain up to one is broken.
 */
export type CertificateProblem = "time" | "name" | "trust";

/** The certificate the peer showed. */
export interface PeerCertificate {
  /** DER. */
  readonly raw: Uint8Array;
  /**
   * Whether a trusted authority signed it, it is valid now and, where a client checks that, it names the server asked
   * for. One that is meant for servers is as good when such a server connects to another (XEP-0178).
   */
  readonly authorized: boolean;
  /** Undefined where it is authorized. */
  readonly problem?: CertificateProblem;
  /** Why it is not authorized, for the log: a code of OpenSSL. */
  readonly reason?: string;
}

/** What TLS negotiated. Values are worked out when asked for. */
export interface TlsDetails {
  /** "TLSv1.3" or "TLSv1.2". */
  readonly version: string;
  /** The cipher suite by its standard (IANA) name. */
  readonly cipher: string;
  /** The protocol agreed on (RFC 7301), if any. */
  readonly alpn: string | undefined;
  /** The server name the client asked for (SNI, RFC 6066), if any. */
  readonly serverName: string | undefined;
  /**
   * Keying material (RFC 5705, RFC 8446 §7.5), without context. `exporter("EXPORTER-Channel-Binding", 32)` is the
   * `tls-exporter` channel binding (RFC 9266). Undefined where it would not be unique to the connection: TLS 1.2
   * without the extended master secret (RFC 7627).
   */
  exporter(label: string, length: number): Uint8Array | undefined;
  /**
   * The `tls-server-end-point` channel binding (RFC 5929 §4): the hash of the server's certificate, ours on the
   * server's side and the received one on the client's. Undefined where the signature algorithm names no single hash.
   */
  endPoint(): Uint8Array | undefined;
  /** The peer's certificate, if it showed one. */
  peerCertificate(): PeerCertificate | undefined;
}

/** A connection that carries bytes. Nothing is read before `open()`. */
export interface Transport {
  /** Address and port: "192.0.2.7:51000", "[2001:db8::7]:51000". */
  readonly peer: string;
  /** The address alone; an IPv4 address mapped into IPv6 is shown as IPv4. */
  readonly address: string;
  /** How stanzas are framed: "stream" is RFC 6120, "frame" RFC 7395. */
  readonly framing: "stream" | "frame";
  /** Undefined until TLS is established. */
  readonly tls: TlsDetails | undefined;
  /** TLS, or what counts as such (a local proxy that ends TLS). */
  readonly secure: boolean;
  /** Bytes accepted by `write()` which the kernel has not taken yet. */
  readonly buffered: number;
  /** Begins reading. Once. A connection already over is reported as `closed` soon after. */
  open(events: TransportEvents): void;
  /**
   * Queues a byte string; all that is written in one loop turn leaves as one. Returns false when the peer is slow:
   * stop producing until `drain`. What is written all the same is kept up to the limit of unsent bytes, beyond which
   * the connection is destroyed ("slow"). After `close()`, `destroy()` or the end it is ignored and returns false.
   */
  write(bytes: string): boolean;
  /** Stops reading: no `data` until `resume()`. The end of the connection may go unnoticed meanwhile. */
  pause(): void;
  resume(): void;
  /**
   * Upgrades to TLS; present only on transports that can. On the accepting side call it in the same turn as writing
   * `<proceed/>`, on the connecting side in the `data` that brought it. `domain` picks the certificate (accepting) or
   * is the name to verify (connecting). Resolves when the handshake is done; nothing may be written before, no `data`
   * comes before. On failure it rejects, and the transport is closed with "tls" or "timeout".
   *
   * Bytes that came in the same `data` after `<starttls/>` or `<proceed/>` were sent in the clear: the stream must not
   * act on them (RFC 6120 §5.4.3.3).
   */
  readonly startTls?: ((domain: string | undefined) => Promise<void>) | undefined;
  /**
   * Sends what is written, then ends. What still arrives is dropped: a stream that wants to hear the peer out waits
   * for its end first. Destroyed after a grace time (default 5 s) if the peer does not close.
   */
  close(): void;
  /** Ends at once; what is not sent yet is dropped. */
  destroy(): void;
}
