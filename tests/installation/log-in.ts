import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

export interface Login {
  readonly port: number;
  /** The file with the certificate to trust. */
  readonly ca: string;
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

/** A client that is logged in and bound. */
export interface LoggedIn {
  readonly jid: string;
  send(text: string): void;
  /** Sends a request and waits for an answer. */
  asks(text: string): Promise<string>;
  /** Everything received until the connection ended. */
  readonly ended: Promise<string>;
  close(): void;
}

/**
 * The shortest client there is: STARTTLS with the certificate checked, PLAIN, bind (RFC 6120 §9.1). It knows no more XML than
 * to wait for a text. Rejects if the server answers otherwise.
 */
export async function logIn(login: Login): Promise<LoggedIn> {
  const plain = new Talk(connect(login.port, "127.0.0.1"));
  const header = `<?xml version='1.0'?><stream:stream to='${login.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
  await plain.exchange(header, /<\/(stream:)?features>/);
  await plain.exchange("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", /<proceed/);
  const talk = new Talk(secured(plain.socket, login));
  await talk.exchange(header, /<\/(stream:)?features>/);
  const secret = Buffer.from(`\0${login.user}\0${login.password}`).toString("base64");
  await talk.exchange(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`,
    /<success/,
    /<failure/,
  );
  await talk.exchange(header, /<\/(stream:)?features>/);
  const bound = await talk.exchange(
    "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    /<\/iq>/,
  );
  return {
    jid: /<jid>([^<]+)/.exec(bound)?.[1] ?? "",
    send: (text) => talk.socket.write(text),
    asks: (text) => talk.exchange(text, /<iq [^>]*type='result'/, /<(stream:)?error xmlns='http/),
    ended: talk.ended,
    close: () => talk.socket.destroy(),
  };
}

function secured(socket: Socket, { ca, domain }: Login): TLSSocket {
  socket.removeAllListeners("data");
  return connectTls({ socket, servername: domain, ca: readFileSync(ca) });
}

/** A connection on which one says something and waits for a text. */
class Talk {
  readonly socket: Socket;
  readonly ended: Promise<string>;
  #received = "";
  #waiting: (() => void) | undefined;
  #over: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    let all = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#received += text;
      all += text;
      this.#waiting?.();
    });
    socket.on("error", (error) => {
      this.#over = error.message;
    });
    socket.on("close", () => {
      this.#over ??= "the connection ended";
      this.#waiting?.();
      resolve(all);
    });
  }

  exchange(text: string, expected: RegExp, refused = /<(stream:)?error/): Promise<string> {
    this.#received = "";
    this.socket.write(text);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting = () => {
      if (expected.test(this.#received)) resolve(this.#received);
      else if (refused.test(this.#received) || this.#over !== undefined) {
        this.socket.destroy();
        reject(new Error(`${this.#over ?? "refused"}: ${this.#received}`));
      }
    };
    return promise;
  }
}
