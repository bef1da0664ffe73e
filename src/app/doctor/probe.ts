import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

export interface Door {
  readonly host: string;
  readonly port: number;
  readonly tls: "starttls" | "direct";
  /** The domain that is asked for: in the stream header, and as server name of TLS. In ASCII. */
  readonly domain: string;
  /** The protocol that is asked for with direct TLS; "xmpp-server" with STARTTLS, too. */
  readonly alpn: string;
  readonly timeoutMs: number;
}

/** How far a client gets. */
export type Probe =
  | { readonly reached: "encrypted"; readonly certificate: Uint8Array; readonly alpn: string | undefined }
  | { readonly reached: "nothing" | "connection" | "stream"; readonly reason: string };

const maxAnswer = 65_536;

/** Does what a client, or another server, does until the connection is encrypted, and leaves. Whether the certificate is good is not judged. */
export async function probe(door: Door): Promise<Probe> {
  const signal = AbortSignal.timeout(door.timeoutMs);
  const socket = connectSocket({ host: door.host, port: door.port });
  socket.on("error", () => {}); // told by what waits
  let reached: "nothing" | "connection" | "stream" = "nothing";
  try {
    await once(socket, "connect", { signal });
    reached = "connection";
    if (door.tls === "starttls") await startTls(socket, door, signal);
    reached = "stream";
    const secure = await encrypted(socket, door, signal);
    const certificate = secure.getPeerCertificate().raw;
    return { reached: "encrypted", certificate, alpn: secure.alpnProtocol || undefined };
  } catch (error) {
    const reason = signal.aborted ? `no answer within ${door.timeoutMs} ms` : (error as Error).message;
    return { reached, reason };
  } finally {
    socket.destroy();
  }
}

/** RFC 6120 §5.4.2 */
async function startTls(socket: Socket, { domain, alpn }: Door, signal: AbortSignal): Promise<void> {
  socket.write(
    `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:${alpn === "xmpp-server" ? "server" : "client"}' xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  const features = await answered(socket, /<\/(?:\w+:)?features>|<(?:\w+:)?features\/>|<(?:\w+:)?error\b/, signal);
  if (!features.includes("urn:ietf:params:xml:ns:xmpp-tls")) throw new Error("STARTTLS is not offered");
  socket.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  const answer = await answered(socket, />/, signal);
  if (!/^\s*<proceed\b/.test(answer)) throw new Error("STARTTLS is refused");
}

/** What comes, up to an end; the socket is paused then. */
async function answered(socket: Socket, end: RegExp, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const take = (part: Buffer) => {
    text += part.toString("latin1");
    if (end.test(text)) resolve(text);
    else if (text.length > maxAnswer) reject(new Error("the answer is no XMPP stream"));
  };
  socket.on("data", take);
  socket.resume();
  try {
    return await Promise.race([promise, ended(socket, signal)]);
  } finally {
    socket.off("data", take);
    socket.pause();
  }
}

async function ended(socket: Socket, signal: AbortSignal): Promise<never> {
  await once(socket, "close", { signal });
  throw new Error("the connection was closed");
}

async function encrypted(socket: Socket, { domain, tls, alpn }: Door, signal: AbortSignal): Promise<TLSSocket> {
  const secure = connectTls({
    socket,
    servername: domain,
    rejectUnauthorized: false, // what is presented is compared with the files
    minVersion: "TLSv1.2",
    ...(tls === "direct" ? { ALPNProtocols: [alpn] } : {}),
  });
  secure.on("error", () => {});
  await Promise.race([once(secure, "secureConnect", { signal }), ended(socket, signal)]);
  return secure;
}
