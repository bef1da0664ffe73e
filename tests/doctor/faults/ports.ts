import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { freePort } from "#test/harness/free-port.ts";
import { alias, domain, type Laboratory } from "../laboratory.ts";
import type { Fault } from "./fault.ts";

/** Listens on a port of this machine until the test ends. */
async function listening(context: TestContext, server: Server, port = 0): Promise<number> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => {});
  });
  server.listen(port, "127.0.0.1");
  context.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  await once(server, "listening");
  return (server.address() as { readonly port: number }).port;
}

/** The service says that it listens on one more port, where something else is. */
function alsoAt(laboratory: Laboratory, port: number, tls: "starttls" | "direct", protocol = "c2s"): void {
  const listener = { protocol, address: "127.0.0.1", port, tls, connections: 0, refused: 0 };
  laboratory.says = (status) => ({ ...status, listeners: [...status.listeners, listener] });
}

export const portFaults: readonly Fault[] = [
  {
    finds: "port-taken",
    set: "another program there",
    says: /Another program listens on 127\.0\.0\.1 port/,
    fix: "sudo ss -ltnp",
    async break(laboratory, context) {
      await listening(context, createServer(), laboratory.ports[0]);
    },
  },
  {
    finds: "port-privileged",
    set: "a low port without the right",
    says: /port 443: ports below 1024/,
    fix: "CAP_NET_BIND_SERVICE",
    also: ["dns-wrong-port", "dns-wrong-port"],
    break: ({ settings, system, ports }) => {
      settings.listen = [{ port: ports[0] }, { port: 443, tls: "direct" }];
      system.tryListening = async (_, port) => (port < 1024 ? "EACCES" : undefined);
    },
  },
  {
    finds: "port-address-unknown",
    set: "an address of another machine",
    says: /192\.0\.2\.99 is not an address of this machine/,
    fix: "ip -brief address",
    break: ({ settings, ports }) => {
      settings.listen = [
        { port: ports[0], address: "127.0.0.1" },
        { port: ports[1], address: "192.0.2.99", tls: "direct" },
      ];
    },
  },
  {
    finds: "port-impossible",
    set: "forbidden by the system",
    says: /cannot listen on .* \(EPERM\)/,
    fix: "Correct `listen`",
    break: ({ system, ports }) => {
      system.tryListening = async (_, port) => (port === ports[0] ? "EPERM" : undefined);
    },
  },
  {
    finds: "port-not-opened",
    set: "not restarted after a change",
    says: /was started before that was changed/,
    fix: "systemctl restart",
    runs: true,
    break: (laboratory) => {
      laboratory.says = (status) => ({ ...status, listeners: status.listeners.slice(0, 1) });
    },
  },
  {
    finds: "port-silent",
    set: "nobody answers",
    says: /cannot be reached from this machine: .*ECONNREFUSED/,
    fix: "nft list ruleset",
    runs: true,
    async break(laboratory) {
      alsoAt(laboratory, await freePort(), "starttls");
    },
  },
  {
    finds: "port-silent",
    set: "nobody answers other servers",
    says: /cannot be reached from this machine: .*ECONNREFUSED/,
    fix: "nft list ruleset",
    runs: true,
    async break(laboratory) {
      alsoAt(laboratory, await freePort(), "starttls", "s2s");
    },
  },
  {
    finds: "port-no-starttls",
    set: "a mail server answers",
    says: /gets no answer that it can use/,
    fix: `-starttls xmpp -xmpphost ${domain}`,
    runs: true,
    async break(laboratory, context) {
      const server = createServer((socket) => socket.end("220 mail ESMTP\r\n"));
      alsoAt(laboratory, await listening(context, server), "starttls");
    },
  },
  {
    finds: "port-no-tls",
    set: "no TLS where it should be",
    says: /the encryption with a client of obspm\.example fails/,
    fix: `-servername ${domain}`,
    runs: true,
    async break(laboratory, context) {
      const server = createServer((socket) => socket.end("220 mail ESMTP\r\n"));
      alsoAt(laboratory, await listening(context, server), "direct");
    },
  },
  {
    finds: "port-no-alpn",
    set: "a proxy without ALPN",
    says: /not for the protocol xmpp-client/,
    fix: "hand on TCP unchanged",
    runs: true,
    async break(laboratory, context) {
      const server = createTlsServer({ cert: readFileSync(laboratory.certificate), key: readFileSync(laboratory.key) });
      alsoAt(laboratory, await listening(context, server), "direct");
    },
  },
  {
    finds: "port-other-certificate",
    set: "another certificate for files",
    says: /On port \d+ the service shows for obspm\.example, jabber\.obspm\.example another certificate/,
    fix: "systemctl reload",
    runs: true,
    async break(laboratory, context) {
      const { certificate: cert, key } = await laboratory.intermediate.issue({ names: [domain, alias] });
      const server = createTlsServer({ cert, key, ALPNProtocols: ["http/1.1"] });
      const port = await listening(context, server);
      const listener = { address: "127.0.0.1", port, tls: true, connections: 0, refused: 0 };
      laboratory.says = (status) => ({ ...status, http: [listener] });
    },
  },
  {
    finds: "port-other-certificate",
    set: "an old certificate in use",
    says: /shows for obspm\.example, jabber\.obspm\.example another certificate/,
    fix: "systemctl reload",
    runs: true,
    async break(laboratory, context) {
      const { certificate: cert, key } = await laboratory.intermediate.issue({ names: [domain, alias] });
      const server = createTlsServer({ cert, key, ALPNProtocols: ["xmpp-client"] });
      alsoAt(laboratory, await listening(context, server), "direct");
    },
  },
];
