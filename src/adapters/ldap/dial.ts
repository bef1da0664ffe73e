import { once } from "node:events";
import { isIP, connect as openSocket, type Socket } from "node:net";
import { type ConnectionOptions, getCACertificates, connect as openTls, type TLSSocket } from "node:tls";

/** Where a directory server is and how it is reached. */
export interface Endpoint {
  readonly url: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

export interface DialOptions {
  /** Upgrade a connection to `ldap://` before anything else is said (RFC 4511 §4.14). */
  readonly startTls: boolean;
  /** PEM of the only authorities trusted; undefined: those of Node and of the system. */
  readonly ca: string | undefined;
  /** For all of it together, in milliseconds. */
  readonly timeout: number;
}

const startTlsName = "1.3.6.1.4.1.1466.20037";
const keepAliveMs = 30_000;
const maxAnswer = 4096;

/** Reads `ldap://host:port` or `ldaps://host:port`; undefined if it is neither. */
export function readEndpoint(url: string): Endpoint | undefined {
  const match = /^(ldaps?):\/\/(\[[0-9A-Fa-f:.]+\]|[^/:?#@\s]+)(?::(\d{1,5}))?\/?$/i.exec(url);
  if (match === null) return undefined;
  const secure = match[1]!.toLowerCase() === "ldaps";
  const port = match[3] === undefined ? (secure ? 636 : 389) : Number(match[3]);
  return port > 0 && port < 65_536 ? { url, secure, host: match[2]!.replace(/^\[|\]$/g, ""), port } : undefined;
}

/**
 * Opens a connection and makes it secure. Rejects if any step fails or takes too long; nothing stays open then.
 * STARTTLS is done here and not by the LDAP library, so that what came in the clear can never be taken for an answer
 * that came through TLS.
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<Socket> {
  const signal = AbortSignal.timeout(options.timeout);
  const plain = openSocket({ host: endpoint.host, port: endpoint.port, noDelay: true, keepAlive: true });
  plain.setKeepAlive(true, keepAliveMs);
  let socket: Socket = plain;
  try {
    await once(plain, "connect", { signal });
    if (endpoint.secure || options.startTls) {
      if (!endpoint.secure) await requestTls(plain, signal);
      socket = await secured(plain, endpoint, options.ca, signal);
    }
    return socket;
  } catch (cause) {
    socket.on("error", () => {}); // it is over; what else it says is of no use
    plain.on("error", () => {});
    plain.destroy();
    if (signal.aborted) throw new Error(`no answer within ${options.timeout} ms`, { cause });
    throw cause;
  }
}

async function secured(
  plain: Socket,
  { host }: Endpoint,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const options: ConnectionOptions = { socket: plain, host, minVersion: "TLSv1.2", ca: ca ?? trusted() };
  const socket = openTls(isIP(host) === 0 ? { ...options, servername: host } : options);
  // A connection that ends within the handshake closes without an error.
  const closed = Promise.withResolvers<never>();
  const close = () => closed.reject(new Error("the connection was closed during the TLS handshake"));
  plain.once("close", close);
  try {
    await Promise.race([once(socket, "secureConnect", { signal }), closed.promise]);
  } catch (cause) {
    socket.on("error", () => {});
    throw cause;
  } finally {
    plain.off("close", close);
  }
  return socket;
}

function trusted(): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}

async function requestTls(socket: Socket, signal: AbortSignal): Promise<void> {
  const request = tlv(0x77, tlv(0x80, Buffer.from(startTlsName))); // ExtendedRequest (RFC 4511 §4.12)
  socket.write(tlv(0x30, Buffer.concat([Buffer.from([0x02, 0x01, 0x01]), request])));
  if (!agreed(await firstMessage(socket, signal))) throw new Error("the server refuses StartTLS");
}

/** The first message that comes; rejects if anything comes after it. The socket is paused then. */
async function firstMessage(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let answer = Buffer.alloc(0);
  const take = (part: Buffer) => {
    answer = Buffer.concat([answer, part]);
    const length = messageLength(answer);
    if (answer.length > Math.min(length ?? maxAnswer, maxAnswer)) {
      reject(new Error("the server says more than it should before TLS"));
    } else if (answer.length === length) {
      socket.pause();
      resolve(answer);
    }
  };
  const closed = () => reject(new Error("the server closed the connection instead of starting TLS"));
  const aborted = () => reject(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  socket.on("data", take).once("close", closed).once("error", reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", aborted);
    socket.off("data", take).off("close", closed).off("error", reject);
  }
}

/** Tag, length, value (X.690 §8.1), for short values. */
function tlv(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, value.length]), value]);
}

/** How long the message is that begins here; undefined if too little is there to tell. */
function messageLength(bytes: Buffer): number | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  return bytes.length < 2 + size || size > 4 ? undefined : 2 + size + bytes.readUIntBE(2, size);
}

/** Whether an ExtendedResponse to message 1 says success. */
function agreed(message: Buffer): boolean {
  const start = 2 + ((message[1] ?? 0) < 0x80 ? 0 : (message[1] ?? 0) & 0x7f);
  const inner = message.subarray(start);
  if (inner.readUIntBE(0, 3) !== 0x020101 || inner[3] !== 0x78) return false;
  const result = inner.subarray(5 + ((inner[4] ?? 0) < 0x80 ? 0 : (inner[4] ?? 0) & 0x7f));
  return result.length >= 3 && result.readUIntBE(0, 3) === 0x0a0100;
}
