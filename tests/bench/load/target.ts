import { Dialer, type Link } from "./link.ts";
import { leave, XmppServer } from "./login.ts";

/** What is measured: an XMPP server, or the bare relay that it is compared with. */
export interface Target {
  readonly kind: "server" | "relay";
  /** Its main process. */
  readonly pid: number;
  /** For plain connections, and for STARTTLS. */
  readonly port: number;
  /** Of the relay, for TLS from the first byte. */
  readonly tlsPort?: number;
  readonly domain: string;
  /** Of every user. */
  readonly password: string;
}

/** One user of the load, connected. */
export interface Peer {
  readonly user: string;
  /** The address that stanzas of this peer come from. */
  readonly jid: string;
  readonly link: Link;
  leave(): Promise<void>;
}

/** Whom a peer's stanzas go to, for the relay, which reads no addresses, and how they end. */
export interface Route {
  readonly user: string;
  readonly to: readonly string[];
  /** The name of the element. */
  readonly element: string;
}

/** Connects users: logged in and available, or known to the relay. */
export async function connectPeers(target: Target, routes: readonly Route[], tls: boolean): Promise<Peer[]> {
  if (target.kind === "server") {
    const server = new XmppServer(target, target.domain, target.password);
    const users = routes.map(({ user }) => user);
    const clients = await server.loginAll(users, { tls, presence: true });
    return clients.map((client) => ({ ...client, leave: () => leave(client) }));
  }
  const dialer = new Dialer();
  const peers: Peer[] = [];
  for (let start = 0; start < routes.length; start += 32) {
    peers.push(
      ...(await Promise.all(routes.slice(start, start + 32).map((route) => joinRelay(dialer, target, route, tls)))),
    );
  }
  return peers;
}

/** Connects one user to the relay. */
export async function joinRelay(dialer: Dialer, target: Target, route: Route, tls: boolean): Promise<Peer> {
  const { user, to, element } = route;
  const link = await dialer.dial({ port: tls ? target.tlsPort! : target.port }, { tls, opened: true });
  link.send(`<hello name='${user}' to='${to.join(" ")}' end='${element}'/>`);
  await link.next();
  return { user, jid: `${user}@${target.domain}/bench`, link, leave: () => link.close() };
}
