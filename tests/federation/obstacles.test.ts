import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { LoopbackInternet } from "#test/harness/federation/internet.ts";
import { type Parloir, parloirAt } from "#test/harness/federation/parloir.ts";
import { awaits, lacking } from "./neighbours.ts";

/** Domains that cannot be reached: people are told why, soon, and in their language. */

const skip = lacking("dnsmasq-base");
const header =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='x'>";
const startTls = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
const features = `${header}<stream:features><starttls ${startTls}><required/></starttls></stream:features>`;

/** How far servers go that then say nothing more; what comes from us leads to the answer. */
const stalling: Readonly<Record<string, readonly string[]>> = {
  "silent.example": [],
  "header.example": [header],
  "features.example": [features],
  "proceed.example": [features, `<proceed ${startTls}/>`],
};

describe("domains that cannot be reached", { skip, timeout: 60_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let ours: Parloir;
  let careful: Parloir;
  before(async () => {
    const internet = await LoopbackInternet.open({ after: (end) => ends.push(end) });
    const place = await internet.place("ours.example");
    const other = await internet.place("careful.example");
    const places = await Promise.all(Object.keys(stalling).map((domain) => internet.place(domain)));
    const nobody = await internet.place("nobody.example");
    await internet.resolves({
      hosts: { "gone.example": [nobody.address] },
      services: { "_xmpp-server._tcp.denied.example": [{ name: ".", port: 0 }] },
    });
    const open = new Set<Socket>();
    for (const { domain, address } of places) {
      const server = createServer((socket) => {
        open.add(socket);
        const answers = [...stalling[domain]!];
        socket.on("error", () => {});
        socket.on("data", () => void socket.write(answers.shift() ?? ""));
      });
      server.listen(5269, address);
      await once(server, "listening");
      ends.push(async () => void server.close());
    }
    const settings = { s2s: { "connect-time": "1500 ms", "back-off": { shortest: "1 minute" } } };
    [ours, careful] = await Promise.all([
      parloirAt(internet.premises(place), { settings }),
      parloirAt(internet.premises(other), { settings: { s2s: { addresses: "private" } } }),
    ]);
    ends.push(async () => {
      for (const socket of open) socket.destroy();
      await Promise.all([ours.stop(), careful.stop()]);
    });
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const told = async (domain: string, condition: string, text: string, from = ours) => {
    const romeo = await from.connect(`romeo/${domain}`);
    await romeo.sends(`<message to='juliet@${domain}' type='chat' id='${domain}'><body>Hi</body></message>`);
    const stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
    await awaits(
      romeo,
      `<message type='error' id='${domain}'><error><${condition} ${stanzas}/><text ${stanzas}>${text}</text></error></message>`,
    );
    await romeo.disconnect();
  };

  test("no such domain, one without a service, and Google's", async () => {
    const without = (domain: string) =>
      `${domain} has no messaging service. Check the spelling, or invite this person by e-mail instead.`;
    await told("absent.example", "remote-server-not-found", without("absent.example"));
    await told("denied.example", "remote-server-not-found", without("denied.example"));
    await told(
      "gmail.com",
      "remote-server-not-found",
      "Google no longer exchanges messages with other services (since 2022): nobody can be reached at gmail.com. Invite this person by e-mail instead.",
    );
    await told("127.0.0.1", "remote-server-not-found", without("127.0.0.1"));
  });

  test("a DNS that fails, and a machine where nobody listens", async () => {
    await told(
      "broken.example",
      "remote-server-timeout",
      "The server of broken.example cannot be looked up just now. Try again later.",
    );
    await told("gone.example", "remote-server-timeout", "The server of gone.example does not answer. Try again later.");
  });

  test("a domain that the DNS leads to this machine", async () => {
    const text =
      "The server of gone.example has an address to which this server does not connect. Check the spelling, or ask the operators of this server.";
    await told("gone.example", "remote-server-not-found", text, careful);
  });

  test("servers that go silent, each a step later", async () => {
    const text = (domain: string) => `The server of ${domain} does not answer. Try again later.`;
    await Promise.all(Object.keys(stalling).map((domain) => told(domain, "remote-server-timeout", text(domain))));
    const listed = await ours.correspondences();
    for (const domain of Object.keys(stalling)) {
      const { state, error } = listed.find((one) => one.domain === domain) ?? {};
      assert.equal(state, "resting", domain);
      assert.ok(error!.why.length > 0, domain);
    }
  });

  test("while a domain rests, its senders are told at once", async () => {
    const romeo = await ours.connect("mercutio");
    for (let count = 0; count < 20; count++) {
      await romeo.sends(`<message to='juliet@silent.example' type='chat' id='${count}'><body>Hi</body></message>`);
      await awaits(romeo, `<message type='error' id='${count}'/>`);
    }
    await romeo.disconnect();
  });
});
