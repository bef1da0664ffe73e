import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpError, type HttpResponse } from "#core/http.ts";
import type { Pace } from "./pace.ts";

/** What is still read of a body that nobody wants, so that the client hears the answer before it is cut off. */
const mostDiscarded = 4 * 1024 ** 2;
const discardingMs = 2000;

/** A refusal, in plain text. */
export function refusal(error: HttpError): HttpResponse {
  return {
    status: error.status,
    headers: { ...error.headers, "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
    body: `${error.message}\n`,
  };
}

/** What is said of a fault of this program. */
export const fault = new HttpError(500, "This server made a mistake; its operator can read more in the log.");

/** Sends an answer. Resolves when it is out; rejects when the connection broke. */
export async function send(
  message: IncomingMessage,
  response: ServerResponse,
  answer: HttpResponse,
  pace: Pace,
): Promise<void> {
  const { status, headers = {}, body = "" } = answer;
  const unread = !message.complete && hasBody(message);
  response.writeHead(status, { ...withLength(headers, answer), ...(unread ? { Connection: "close" } : {}) });
  if (message.method === "HEAD" || status === 204 || status === 304) {
    if (body instanceof Readable) body.destroy();
    response.flushHeaders();
  } else if (body instanceof Readable) {
    const { socket } = message;
    const end = pace.watch(socket, () => socket.destroy());
    // What has been handed to the socket is not with the client yet: the pace is watched until it is.
    await pipeline(body, response, { end: !unread }).finally(end);
  } else {
    response.write(body);
  }
  if (unread) await discard(message);
  if (!response.writableEnded) response.end();
}

/** Texts are of known length; of other bodies, who answers says it. */
function withLength(headers: Readonly<Record<string, string>>, { status, body }: HttpResponse) {
  if (body instanceof Readable || status === 204 || status === 304 || "Content-Length" in headers) return headers;
  return { ...headers, "Content-Length": Buffer.byteLength(body ?? "").toString() };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Reads on for a moment after the answer: were the connection closed while the client still sends, the system would reset
 * it, and the answer might be lost (RFC 9112 §9.6).
 */
async function discard(message: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let rest = mostDiscarded;
  message.on("data", (chunk: Buffer) => {
    rest -= chunk.length;
    if (rest < 0) resolve();
  });
  message
    .once("close", resolve)
    .once("end", resolve)
    .once("error", () => resolve());
  message.resume();
  const stop = new AbortController();
  const late = sleep(discardingMs, undefined, { signal: stop.signal, ref: false }).catch(() => {});
  await Promise.race([promise, late]);
  stop.abort();
}
