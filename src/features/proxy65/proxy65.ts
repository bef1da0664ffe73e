import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import type { RawSocket } from "#core/sockets.ts";
import { ended } from "#features/off-boarding/index.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Iq } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import { type Bytestream, destination, destinations } from "./destinations.ts";
import { SocksProxy } from "./proxy.ts";
import { type ProxySettings, settings } from "./settings.ts";
import { closed, malformed, outsiders } from "./texts.ts";

const namespace = "http://jabber.org/protocol/bytestreams";
const query = tag(namespace, "query");
const streamhost = tag(namespace, "streamhost");
const activate = tag(namespace, "activate");

const proxyPrefix = "proxy";
/** For people, in lists of services. */
const serviceName = { en: "File transfer", fr: "Transfert de fichiers" } as const;
/** The longest name of a stream that is looked at. */
const longestSid = 512;

/** What other features may use. */
export interface Proxy65 {
  /** Answers the requests of XEP-0065 §4 and §6.3.5 at another host of the same domain. */
  answerAt(host: Host): void;
  /** Whether a streamhost that somebody offers (XEP-0065 §6.3.1) is this proxy. */
  isHere(jid: Jid): boolean;
  /**
   * Lets the server itself be an end of a stream that somebody wants to send or get: it waits for the other end as a client
   * does that has connected to the proxy. As the target it gets what the requester sends, once that has activated the
   * stream; as the requester it calls `activate` when the target has connected. Undefined: two wait there already.
   */
  join(stream: Bytestream): RawSocket | undefined;
  /** Begins a stream on behalf of an account, whose limits count. @throws StanzaError as XEP-0065 §6.3.5 */
  activate(stream: Bytestream, account: Jid): void;
}

/**
 * SOCKS5 Bytestreams (XEP-0065): people who cannot reach each other directly send files through the server. The domain
 * answers at each of its names, since that is what people type as "file transfer proxy"; so does `proxy.` before it.
 */
export const proxy65: Feature<ProxySettings, Proxy65> = {
  name: "proxy65",
  xeps: [{ number: 65, version: "1.8.2", note: "the proxy; without UDP" }],
  settings,
  async setup(host, section) {
    const { server } = host;
    let opening: Promise<void> | undefined;
    const proxy = server.once("proxy65", () => {
      const { sockets, metrics } = server;
      const made = new SocksProxy({
        settings: section,
        sockets,
        metrics,
        log: server.log.child({ feature: "proxy65" }),
      });
      opening = made.open();
      return made;
    });
    await opening;
    host.stopping(() => proxy.close());
    for (const end of [removing, ended]) host.on(end, "record", ({ account }) => proxy.end(`${account.bare}`));
    const answerAt = (at: Host) => answer(at, host, proxy, section);
    answerAt(host);
    const { faces } = server;
    const names = new Set([host.domain, `${proxyPrefix}.${host.domain}`]);
    return {
      answerAt,
      isHere: (jid) => proxy.ports.length > 0 && jid.isDomain && names.has(faces.canonical(jid).domain),
      join: ({ sid, requester, target }) =>
        proxy.wait(destination(sid, `${faces.canonical(requester)}`, `${faces.canonical(target)}`)),
      activate: (stream, account) => proxy.activate(destinations(faces, stream), account.bare.toString()),
    };
  },
};

/** SOCKS5 Bytestreams (XEP-0065): the proxy as service discovery finds it. */
export const proxyService: Feature = {
  name: "proxy",
  xeps: [{ number: 65, version: "1.8.2" }],
  service: { prefix: proxyPrefix, name: serviceName },
  setup(host) {
    host.identity({ category: "proxy", type: "bytestreams", name: serviceName });
    host.parent!.use(proxy65).answerAt(host);
  },
};

/** @param domain the host with the accounts, whose name clients find in the DNS */
function answer(at: Host, domain: Host, proxy: SocksProxy, section: ProxySettings): void {
  at.iq("get", query, "host", (iq) => {
    checkAccess(at, iq, section);
    if (proxy.ports.length === 0) throw new StanzaError("not-allowed", closed); // §4
    const names = section.public.length > 0 ? section.public : [domain.domain];
    const ports = section["public-port"] > 0 ? [section["public-port"]] : [...new Set(proxy.ports)];
    const hosts = ports.flatMap((port) =>
      names.map((name) => streamhost({ jid: iq.to.toString(), host: name, port: String(port) })),
    );
    return query({}, ...hosts);
  });
  at.iq("set", query, "host", (iq, payload) => {
    checkAccess(at, iq, section);
    const stream = readActivation(payload);
    proxy.activate(
      destinations(at.server.faces, { ...stream, requester: iq.from }),
      at.server.faces.canonical(iq.from.bare).toString(),
    );
  });
}

/** §4. @throws StanzaError `forbidden` */
function checkAccess(host: Host, { from }: Iq, { access }: ProxySettings): void {
  if (access === "everybody") return;
  const local = host.server.router.hosts.get(from.domain);
  if (from.local === "" || local?.where !== "accounts") throw new StanzaError("forbidden", outsiders);
}

/** §6.3.5. @throws StanzaError `bad-request`, `jid-malformed` */
function readActivation(payload: Element): Omit<Bytestream, "requester"> {
  const { sid } = payload.attrs;
  const written = payload.child(activate)?.text;
  if (sid === undefined || sid === "" || sid.length > longestSid || !written) {
    throw new StanzaError("bad-request", malformed);
  }
  try {
    return { sid, target: Jid.parse(written), written };
  } catch (problem) {
    if (!(problem instanceof JidError)) throw problem;
    throw new StanzaError("jid-malformed", malformed);
  }
}
