import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connectTcp } from "#adapters/tcp/connect.ts";
import { Jid } from "#jid/jid.ts";
import type { Transport } from "#stream/transport.ts";
import { Authority } from "#test/harness/authority.ts";
import { Client } from "#test/harness/client.ts";
import { startDns } from "#test/harness/dns.ts";
import type { StartElsewhere } from "#test/harness/elsewhere.ts";
import { freePort } from "#test/harness/free-port.ts";
import { authenticate } from "#test/harness/scenario.ts";
import { startService } from "#test/harness/service.ts";
import { Wire } from "#test/harness/wire.ts";

export interface Circumstances {
  /** Whether the certificates are of an authority that both trust. */
  readonly trusted: boolean;
  readonly bidirectional: boolean;
  /** Of the other server's certificate, in days from now. */
  readonly until?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Ours serves ours.example, the other one theirs.example. */
export async function neighbours(context: TestContext, start: StartElsewhere, circumstances: Circumstances) {
  const { trusted, bidirectional, until = 89, settings = {} } = circumstances;
  const authority = await Authority.make("Trusted");
  const stranger = trusted ? authority : await Authority.make("Unknown");
  const [ourPort, theirPort, c2s] = [await freePort(), await freePort(), await freePort()];
  const address = "127.0.0.53";
  const hosts = ["ours.example", "theirs.example"];
  const port = { "ours.example": ourPort, "theirs.example": theirPort } as const;
  const services = Object.fromEntries(
    Object.entries(port).flatMap(([name, number]) =>
      [name, `conference.${name}`].map((one) => [`_xmpp-server._tcp.${one}`, [{ name, port: number }]] as const),
    ),
  );
  const zone = { hosts: Object.fromEntries(hosts.map((name) => [name, ["127.0.0.1"]])), services };
  const dns = await startDns(zone, { address, port: 53 });
  context.after(() => dns.stop());
  const folder = mkdtempSync(join(tmpdir(), "parloir-s2s-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const own = await stranger.issue({ names: ["ours.example", "conference.ours.example"] });
  const files = {
    certificate: join(folder, "own.crt"),
    key: join(folder, "own.key"),
    authority: join(folder, "ca.crt"),
  };
  writeFileSync(files.certificate, own.certificate);
  writeFileSync(files.key, own.key, { mode: 0o600 });
  writeFileSync(files.authority, authority.certificate);
  const service = await startService({
    domains: ["ours.example"],
    settings: {
      domains: [{ name: "ours.example", certificate: files.certificate, key: files.key }],
      listen: [
        { port: 0, address: "127.0.0.1", tls: "starttls" },
        { port: 0, address: "127.0.0.1", tls: "direct" },
        { protocol: "s2s", port: ourPort, address: "127.0.0.1", tls: "starttls" },
      ],
      authorities: [files.authority],
      dns: { servers: [dns.server] },
      s2s: { addresses: "any", ...settings },
    },
  });
  context.after(() => service.stop());
  const elsewhere = await start({
    domain: "theirs.example",
    accounts: { juliet: "pencil" },
    c2s,
    s2s: theirPort,
    dns: address,
    certificate: await stranger.issue({ names: ["theirs.example", "conference.theirs.example"], until, from: -100 }),
    authority: authority.certificate,
    secure: trusted,
    bidirectional,
  });
  context.after(() => elsewhere.stop());
  await service.addUser("romeo@ours.example", "pencil");
  const direct = { tls: "direct", serverName: "ours.example", ca: stranger.certificate } as const;
  const romeo = async () =>
    logIn(
      await connectTcp({ host: "127.0.0.1", port: service.directPort, timeoutMs: 5_000, ...direct }),
      "romeo@ours.example/x",
    );
  const juliet = async () =>
    logIn(await connectTcp({ host: "127.0.0.1", port: c2s, timeoutMs: 5_000 }), "juliet@theirs.example/x");
  return { service, elsewhere, romeo, juliet };
}

async function logIn(transport: Transport, address: string): Promise<Client> {
  const wire = new Wire(transport);
  const jid = Jid.parse(address);
  await authenticate(wire, jid);
  wire.writes(
    `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${jid.resource}</resource></bind></iq>`,
  );
  await wire.receives("<iq type='result' id='bind'/>");
  const client = new Client(jid, wire);
  await client.exchange(
    "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='roster'/>",
  );
  await client.becomesAvailable();
  return client;
}

export const says = (to: string, id: string) => `<message to='${to}' id='${id}' type='chat'><body>Hi</body></message>`;

/** A subscription, presence, chat and a room: both ways. */
export async function talk(romeo: Client, juliet: Client): Promise<void> {
  await romeo.sends(says("juliet@theirs.example", "1"));
  await juliet.receives(`<message from='${romeo}' id='1'><body>Hi</body></message>`);
  await juliet.sends(says(`${romeo}`, "2"));
  await romeo.receives(`<message from='${juliet}' id='2'><body>Hi</body></message>`);
  await romeo.exchange(
    "<iq type='get' id='3' to='theirs.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='result' id='3'/>",
  );
  await juliet.exchange(
    "<iq type='get' id='4' to='ours.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='result' id='4'/>",
  );
  await juliet.sends("<presence type='subscribe' to='romeo@ours.example'/>");
  await until(romeo, ({ attrs }) => attrs.type === "subscribe" && attrs.from === "juliet@theirs.example");
  await romeo.sends("<presence type='subscribed' to='juliet@theirs.example'/>");
  await until(juliet, ({ name, attrs }) => name === "presence" && attrs.from === `${romeo}`);
  const join = "<x xmlns='http://jabber.org/protocol/muc'/>";
  for (const room of ["r@conference.theirs.example", "r@conference.ours.example"]) {
    const [first, second] = room.includes("ours") ? [romeo, juliet] : [juliet, romeo];
    await first.sends(`<presence to='${room}/first'>${join}</presence>`);
    await until(first, ({ name }) => name === "message"); // the subject
    if (first === romeo) {
      const form = "<x xmlns='jabber:x:data' type='submit'/>";
      await first.sends(
        `<iq type='set' id='c' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>${form}</query></iq>`,
      );
      await until(first, ({ attrs }) => attrs.id === "c");
    }
    await second.sends(`<presence to='${room}/second'>${join}</presence>`);
    await until(second, ({ name }) => name === "message");
    await second.sends(`<message type='groupchat' to='${room}' id='5'><body>All</body></message>`);
    await until(first, ({ attrs }) => attrs.from === `${room}/second` && attrs.type === "groupchat");
  }
}

export async function until(
  client: Client,
  fits: (element: Awaited<ReturnType<Client["next"]>>) => boolean,
): Promise<void> {
  while (!fits(await client.next("what is expected")));
}

/** Port 53, and a mount namespace. */
const skip = process.getuid?.() === 0 ? false : "only root can give another server a DNS server of its own";
export const limit = { timeout: 60_000, skip };
