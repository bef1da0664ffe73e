import { type Address, Dialer, type DialOptions, type Link, type TlsSessions } from "./link.ts";
import { type SaltedPasswords, ScramClient } from "./scram.ts";

/** A client that is logged in and has a resource. */
export interface Client {
  readonly link: Link;
  /** Its full address. */
  readonly jid: string;
  readonly user: string;
}

export interface LoginOptions {
  /** By STARTTLS. */
  readonly tls: boolean;
  /** Asks for the contact list and becomes available, as clients do; else it stops after binding. */
  readonly presence: boolean;
  /** Default "bench". */
  readonly resource?: string;
}

export interface ServerOptions extends Pick<DialOptions, "patience"> {
  /** Whether clients go on with TLS sessions, as many do that come back. Default: each handshake is a full one. */
  readonly resumesTls?: boolean;
}

/** The clients of one XMPP server. */
export class XmppServer {
  readonly #dialer = new Dialer();
  readonly #salted: SaltedPasswords = new Map();
  readonly #address: Address;
  readonly domain: string;
  readonly #password: string;
  readonly #options: DialOptions;
  readonly #sessions: TlsSessions | undefined;

  constructor(
    address: Address,
    domain: string,
    password: string,
    { resumesTls = false, ...options }: ServerOptions = {},
  ) {
    this.#address = address;
    this.#options = options;
    this.#sessions = resumesTls ? { last: undefined } : undefined;
    this.domain = domain;
    this.#password = password;
  }

  /** RFC 6120 §9.1: stream, STARTTLS, SCRAM-SHA-1, bind; with `presence`, also contact list and initial presence. */
  async login(user: string, { tls, presence, resource = "bench" }: LoginOptions): Promise<Client> {
    const link = await this.authenticated(user, { tls });
    try {
      const jid = await this.bind(link, resource);
      if (presence) await becomeAvailable(link, jid);
      return { link, jid, user };
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** Up to the features after authentication, where a client binds or resumes. */
  async authenticated(user: string, { tls }: Pick<LoginOptions, "tls">): Promise<Link> {
    const link = await this.#dialer.dial(this.#address, this.#options);
    try {
      if (tls) await this.#startTls(link);
      await this.#authenticate(link, user);
      await this.#open(link);
      return link;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** Many at once, `together` at a time. */
  async loginAll(users: readonly string[], options: LoginOptions, together = 32): Promise<Client[]> {
    const clients: Client[] = [];
    let next = 0;
    const work = async () => {
      for (let index = next++; index < users.length; index = next++) {
        clients[index] = await this.login(users[index]!, options);
      }
    };
    await Promise.all(Array.from({ length: together }, work));
    return clients;
  }

  #open(link: Link): Promise<string> {
    link.restart();
    link.send(
      `<?xml version='1.0'?><stream:stream to='${this.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    return expecting(link, "features");
  }

  async #startTls(link: Link): Promise<void> {
    await this.#open(link);
    link.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await expecting(link, "proceed");
    await link.startTls(this.#sessions);
  }

  async #authenticate(link: Link, user: string): Promise<void> {
    const scram = new ScramClient(user, this.#password, this.#salted);
    await this.#open(link);
    link.send(`<auth xmlns='${sasl}' mechanism='SCRAM-SHA-1'>${scram.first()}</auth>`);
    const answer = scram.final(content(await expecting(link, "challenge")));
    link.send(`<response xmlns='${sasl}'>${answer}</response>`);
    scram.verify(content(await expecting(link, "success")));
  }

  /** Binds a resource on an authenticated stream; its full address. */
  async bind(link: Link, resource: string): Promise<string> {
    link.send(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
    const [, jid] = /<jid>([^<]+)</.exec(await expecting(link, "iq")) ?? [];
    if (jid === undefined) throw new Error(`${resource} was not bound`);
    return jid;
  }
}

const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";

/** Contact list and initial presence, sent together; done when the list has come and the presence is reflected. */
export async function becomeAvailable(link: Link, jid: string): Promise<void> {
  link.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
  let roster = false;
  let reflected = false;
  while (!roster || !reflected) {
    const stanza = await link.next();
    if (attribute(stanza, "type") === "error") throw new Error(stanza);
    if (attribute(stanza, "id") === "roster") roster = true;
    else if (stanza.startsWith("<presence") && attribute(stanza, "from") === jid) reflected = true;
  }
}

/** The end of a client that was polite. */
export function leave({ link }: Client): Promise<void> {
  return link.close("</stream:stream>");
}

/** The value of an attribute of a stanza, or of its first child that has it. */
export function attribute(stanza: string, name: string): string | undefined {
  const at = stanza.indexOf(` ${name}=`);
  if (at < 0) return undefined;
  const start = at + name.length + 3;
  const end = stanza.indexOf(stanza[start - 1]!, start);
  return stanza.slice(start, end);
}

/** The next element must have this name, in whatever prefix. */
async function expecting(link: Link, name: string): Promise<string> {
  const stanza = await link.next();
  const [, found] = /^<(?:\w+:)?(\w+)/.exec(stanza) ?? [];
  if (found !== name) throw new Error(`expected <${name}>, got ${stanza}`);
  return stanza;
}

function content(element: string): string {
  return element.slice(element.indexOf(">") + 1, element.lastIndexOf("<"));
}
