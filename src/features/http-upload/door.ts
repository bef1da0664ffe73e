import type { IncomingHttpHeaders } from "node:http";
import { HttpError, type HttpRequest, type HttpResponse, type HttpRoute } from "#core/http.ts";
import { partFits, precondition } from "./conditions.ts";
import { FileError, type FileRefusal } from "./file-error.ts";
import type { Files } from "./files.ts";
import { decodeName, disposition, isShown, readType, unknownType } from "./names.ts";
import { type ByteRange, readRange } from "./ranges.ts";
import type { Signatures, Slot } from "./slots.ts";
import type { StoredFile } from "./store.ts";

/** The path below which files are. */
export const prefix = "/upload/";

const yearSeconds = 365 * 86_400;

/**
 * For web clients of any origin (XEP-0363 §8): nothing here depends on cookies. And what somebody has uploaded may do
 * nothing in the name of this site (§9.1).
 */
const everyAnswer: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag",
  "Content-Security-Policy":
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex, nofollow",
};

const statuses: Readonly<Record<FileRefusal, number>> = {
  "too-large": 413,
  quota: 507,
  pending: 429,
  "no-room": 507,
  taken: 409,
  "no-account": 403,
  incomplete: 400,
};

const reasons: Readonly<Record<FileRefusal, string>> = {
  "too-large": "The file is too large.",
  quota: "There is no room left for the files of this account.",
  pending: "This account has too many uploads under way.",
  "no-room": "The server has no room for this file just now.",
  taken: "There is such a file already: each slot is for one file.",
  "no-account": "This account may not change files here.",
  incomplete: "The file has not come as it was announced.",
};

/** Files over HTTP: PUT once with a slot, GET and HEAD for everybody who knows the address, DELETE with the slot. */
export function uploadRoute(files: Files, signatures: Signatures): HttpRoute {
  const door = new Door(files, signatures);
  return {
    prefix,
    headers: everyAnswer,
    methods: {
      GET: (request) => door.get(request),
      PUT: (request) => door.put(request),
      DELETE: (request) => door.delete(request),
      OPTIONS: () => preflight,
    },
  };
}

const preflight: HttpResponse = {
  status: 204,
  headers: {
    Allow: "GET, HEAD, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range",
    "Access-Control-Max-Age": "86400",
  },
};

interface Address {
  readonly id: string;
  readonly name: string;
}

class Door {
  readonly #files: Files;
  readonly #signatures: Signatures;

  constructor(files: Files, signatures: Signatures) {
    this.#files = files;
    this.#signatures = signatures;
  }

  async get({ method, path, headers }: HttpRequest): Promise<HttpResponse> {
    const address = addressOf(path);
    const file = address === undefined ? undefined : await this.#files.find(address.id);
    // Another name would let anybody call a file of somebody else what they like.
    if (file === undefined || file.name !== address?.name) throw gone;
    const validators = { etag: etagOf(file), modified: new Date(file.created) };
    const described = this.#describe(file);
    const status = precondition(headers, validators);
    if (status === 304) return { status, headers: described };
    if (status === 412) throw new HttpError(412, "The file is not the one that you expect.");
    if (method === "HEAD") return { status, headers: { ...described, "Content-Length": file.size.toString() } };
    const range = partFits(headers, validators) ? rangeOf(headers, file.size) : undefined;
    return this.#content(file, described, range);
  }

  async put(request: HttpRequest): Promise<HttpResponse> {
    const slot = this.#slotOf(request);
    if (slot.expires < Date.now()) throw new HttpError(403, "This slot has expired: ask for a new one.");
    const type = typeOf(slot, request.headers);
    checkLength(slot, request);
    const file = await this.#files.put(slot, request.body, type).catch(refused);
    return { status: 201, headers: { ETag: etagOf(file) } };
  }

  async delete(request: HttpRequest): Promise<HttpResponse> {
    const slot = this.#slotOf(request);
    if (await this.#files.withdraw(slot).catch(refused)) return { status: 204 };
    throw gone;
  }

  #slotOf({ path, query }: HttpRequest): Slot {
    const address = addressOf(path);
    const text = new URLSearchParams(query).get("slot") ?? "";
    const slot = address === undefined ? undefined : this.#signatures.read(address.id, address.name, text);
    if (slot === undefined) throw new HttpError(403, "This is not a slot that this server has given out.");
    return slot;
  }

  async #content(file: StoredFile, described: Headers, range: ByteRange | "unsatisfiable" | undefined) {
    if (range === "unsatisfiable") {
      const headers = { "Content-Range": `bytes */${file.size}` };
      throw new HttpError(416, "The file has no such part.", { headers });
    }
    const body = await this.#files.read(file.id, range);
    if (body === undefined) throw gone;
    const { first, last } = range ?? { first: 0, last: file.size - 1 };
    const headers = { ...described, "Content-Length": (last - first + 1).toString() };
    if (range === undefined) return { status: 200, headers, body };
    return { status: 206, headers: { ...headers, "Content-Range": `bytes ${first}-${last}/${file.size}` }, body };
  }

  #describe(file: StoredFile): Headers {
    const seconds = Math.floor((this.#files.ends(file) - Date.now()) / 1000);
    return {
      "Accept-Ranges": "bytes",
      "Cache-Control": `private, max-age=${Math.max(0, Math.min(yearSeconds, seconds))}, immutable`,
      "Content-Disposition": disposition(isShown(file.type) ? "inline" : "attachment", file.name),
      "Content-Type": file.type === "text/plain" ? "text/plain; charset=utf-8" : file.type,
      ETag: etagOf(file),
      "Last-Modified": new Date(file.created).toUTCString(),
    };
  }
}

type Headers = Readonly<Record<string, string>>;

const gone = new HttpError(404, "There is no such file, or it is there no more.");

/** The one form of our paths; nothing of it becomes part of a path on disk but hexadecimal digits. */
function addressOf(path: string): Address | undefined {
  const [, id, segment] = /^\/upload\/([0-9a-f]{32})\/([^/]{1,1000})$/.exec(path) ?? [];
  const name = segment === undefined ? undefined : decodeName(segment);
  return id === undefined || name === undefined ? undefined : { id, name };
}

/** Strong: by the content alone. */
function etagOf({ sha256 }: StoredFile): string {
  return `"${Buffer.from(sha256).toString("base64url")}"`;
}

function rangeOf({ range }: IncomingHttpHeaders, size: number): ByteRange | "unsatisfiable" | undefined {
  return range === undefined ? undefined : readRange(range, size);
}

/** XEP-0363 §7: what was announced counts; where nothing was, what is sent with the file. */
function typeOf(slot: Slot, headers: IncomingHttpHeaders): string {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") throw new HttpError(415, "Send the file as it is.");
  if (headers["content-range"] !== undefined) throw new HttpError(400, "Send the whole file."); // RFC 9110 §14.5
  const sent = headers["content-type"] === undefined ? undefined : readType(headers["content-type"]);
  if (slot.type === "") return sent ?? unknownType;
  if (sent !== undefined && sent !== slot.type) {
    throw new HttpError(415, `The slot is for a file of the type ${slot.type}.`);
  }
  return slot.type;
}

/** XEP-0363 §7: exactly what was announced; with it, the HTTP parser ends the body there. */
function checkLength({ size }: Slot, { length }: HttpRequest): void {
  if (length === undefined) throw new HttpError(411, "Say how long the file is, with Content-Length.");
  if (length > size) throw new HttpError(413, `The slot is for ${size} bytes.`);
  if (length < size) throw new HttpError(400, `The slot is for ${size} bytes.`);
}

/** What the files refuse, over HTTP. @throws HttpError, or what it is if not a refusal */
function refused(error: unknown): never {
  if (!(error instanceof FileError)) throw error;
  const seconds = error.retry === undefined ? undefined : Math.ceil((error.retry.getTime() - Date.now()) / 1000);
  const headers = seconds === undefined ? {} : { "Retry-After": Math.max(1, seconds).toString() };
  throw new HttpError(statuses[error.reason], reasons[error.reason], { headers, cause: error });
}
