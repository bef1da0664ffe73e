/**
 * The bare relay: what any server in Node must pay. It looks for the end of a stanza and forwards it, in the cheapest way
 * known to Node: reads into one shared buffer (plain connections), gathers writes for each turn of the event loop, moves
 * bytes as latin1 strings. Each connection first says who it is, who gets its stanzas and how they end:
 *
 *     <hello name='u0' to='u1' end='message'/>
 */
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { selfSigned } from "#adapters/tcp/self-signed.ts";

const ends = new Map<string, End>();
const dirty: End[] = [];

function flushAll(): void {
  for (const end of dirty.splice(0)) end.flush();
}

/** One connection. */
class End {
  readonly #socket: Socket;
  #name = "";
  #names: readonly string[] = [];
  #targets: End[] | undefined;
  #tag = "/>";
  #rest = "";
  #out = "";

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => ends.delete(this.#name));
  }

  receive(bytes: string): void {
    const text = this.#rest + bytes;
    let start = 0;
    for (let found = text.indexOf(this.#tag); found >= 0; found = text.indexOf(this.#tag, start)) {
      const end = found + this.#tag.length;
      this.#take(text.slice(start, end));
      start = end;
    }
    this.#rest = text.slice(start);
  }

  flush(): void {
    this.#socket.write(this.#out, "latin1");
    this.#out = "";
  }

  #take(stanza: string): void {
    if (this.#name === "") {
      this.#hello(stanza);
      return;
    }
    this.#targets ??= this.#names.map((name) => ends.get(name)!);
    for (const target of this.#targets) target.#write(stanza);
  }

  #hello(text: string): void {
    const [, name = "", to = "", tag = ""] = /name='([^']+)' to='([^']+)' end='([^']+)'/.exec(text) ?? [];
    this.#name = name;
    this.#names = to.split(" ");
    this.#tag = `</${tag}>`;
    ends.set(name, this);
    this.#write("<welcome/>");
  }

  #write(stanza: string): void {
    if (this.#out === "" && dirty.push(this) === 1) setImmediate(flushAll);
    this.#out += stanza;
  }
}

/** An accepted socket cannot be given a buffer, so its handle is moved to one that has it. */
function servePlain(accepted: Socket): void {
  const { _handle: handle } = accepted as unknown as { _handle: object | null };
  const onread = {
    buffer,
    callback: (length: number) => {
      end.receive(buffer.toString("latin1", 0, length));
      return true;
    },
  };
  const options = { handle, onread };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  Object.assign(accepted, { _handle: null });
  accepted.destroy();
  const end = new End(socket);
  socket.resume();
}

const buffer = Buffer.allocUnsafeSlow(65_536);
const { certificate: cert, key } = await selfSigned({ names: ["localhost"] });
const plain = createServer({ pauseOnConnect: true }, servePlain);
const secure = createTlsServer({ cert, key }, (socket) => {
  const end = new End(socket);
  socket.on("data", (bytes) => end.receive(bytes.toString("latin1")));
});
secure.on("tlsClientError", () => {});
plain.listen(0, "127.0.0.1");
secure.listen(0, "127.0.0.1");
await Promise.all([once(plain, "listening"), once(secure, "listening")]);
const portOf = (server: typeof plain) => (server.address() as { port: number }).port;
process.on("disconnect", () => process.exit(0));
process.send!({ port: portOf(plain), tlsPort: portOf(secure) });
