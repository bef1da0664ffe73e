import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { HttpRequest } from "#core/http.ts";

/** What the connection says of who asks. */
export interface Asker {
  readonly peer: string;
  readonly secure: boolean;
}

/** A request of Node's server, as routes see it. */
export class IncomingRequest implements HttpRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingMessage["headers"];
  readonly peer: string;
  readonly secure: boolean;
  readonly #message: IncomingMessage;
  readonly #wanted: () => void;
  /** Whether the body has been asked for. */
  taken = false;

  /** @param wanted called when the body is asked for the first time */
  constructor(message: IncomingMessage, asker: Asker, wanted: () => void) {
    const { host, path, query } = readTarget(message.url ?? "", message.headers.host ?? "");
    this.method = message.method ?? "";
    this.host = host;
    this.path = path;
    this.query = query;
    this.headers = message.headers;
    this.peer = asker.peer;
    this.secure = asker.secure;
    this.#message = message;
    this.#wanted = wanted;
  }

  /** Whether it names several hosts: what stands before us may have read another one. */
  get isAmbiguous(): boolean {
    return (this.#message.headersDistinct.host?.length ?? 0) > 1;
  }

  get length(): number | undefined {
    if (this.headers["transfer-encoding"] !== undefined) return undefined;
    return Number(this.headers["content-length"] ?? 0); // the parser has refused anything but digits
  }

  get body(): Readable {
    if (!this.taken) {
      this.taken = true;
      this.#wanted();
    }
    return this.#message;
  }
}

/** Where a request goes: the path alone, or a whole URL, as to a proxy, whose host counts (RFC 9112 §3.2). */
function readTarget(target: string, hostHeader: string): { host: string; path: string; query: string } {
  const [, authority, rest = target] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target) ?? [];
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return {
    host: nameOf(authority ?? hostHeader),
    path: path === "" ? "/" : path,
    query: mark < 0 ? "" : rest.slice(mark + 1),
  };
}

/** Without the port. */
function nameOf(authority: string): string {
  const [, name = ""] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(authority) ?? [];
  return name.toLowerCase();
}
