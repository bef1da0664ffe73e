import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Certificates } from "#adapters/tcp/certificates.ts";
import { dialer } from "#adapters/tcp/dial.ts";
import { silent } from "#core/log.ts";
import { LoopbackInternet, type Place } from "#test/harness/federation/internet.ts";
import { type Parloir, parloirAt } from "#test/harness/federation/parloir.ts";
import { opens } from "#test/harness/remote-server.ts";
import { Wire } from "#test/harness/wire.ts";
import { lacking } from "./neighbours.ts";

/** Servers that speak in the name of others, over real TLS with a certificate that is good for their own domain. */

const skip = lacking("dnsmasq-base");
const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
const errors = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";

describe("servers that speak for others", { skip, timeout: 60_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let ours: Parloir;
  let mallory: Place;
  before(async () => {
    const internet = await LoopbackInternet.open({ after: (end) => ends.push(end) });
    const place = await internet.place("ours.example");
    mallory = await internet.place("mallory.example");
    await internet.resolves({ hosts: { "victim.example": ["127.0.0.1"] } });
    ours = await parloirAt(internet.premises(place));
    ends.push(() => ours.stop());
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Connects from mallory.example, with TLS from the first byte. */
  const dials = async (): Promise<Wire> => {
    const certificates = await Certificates.load({ domains: { [mallory.domain]: mallory }, log: silent, watch: false });
    ends.unshift(async () => certificates.close());
    const endpoint = { host: ours.domain, address: ours.address, port: 5270, security: "direct" } as const;
    const connect = dialer({ certificates, log: silent, unsentBytes: 1_000_000 });
    return new Wire(
      await connect(endpoint, { from: mallory.domain, to: ours.domain, timeoutMs: 5_000 }),
      "jabber:server",
    );
  };
  const greets = async (wire: Wire, from: string) => {
    wire.reset();
    opens(wire, { from, to: ours.domain });
    await wire.next("the header");
    return wire.next("features, or an error");
  };
  const proves = async (): Promise<Wire> => {
    const wire = await dials();
    await greets(wire, mallory.domain);
    wire.writes(`<auth ${sasl} mechanism='EXTERNAL'>=</auth>`);
    await wire.receives(`<success ${sasl}/>`);
    await greets(wire, mallory.domain);
    return wire;
  };

  test("a stanza from any other domain ends the stream", async () => {
    const romeo = await ours.connect("romeo");
    const message = (from: string) => `<message from='${from}' to='${romeo}' type='chat'><body>Hi</body></message>`;
    for (const from of [
      "juliet@victim.example",
      "juliet@ours.example",
      "juliet@conference.mallory.example",
      "ours.example",
    ]) {
      const wire = await proves();
      wire.writes(message("mallory@mallory.example"));
      await romeo.receives("<message from='mallory@mallory.example'/>");
      wire.writes(message(from));
      await wire.receives(
        `<stream:error xmlns:stream='http://etherx.jabber.org/streams'><invalid-from ${errors}/></stream:error>`,
      );
      await wire.receivesEnd();
    }
    await romeo.receivesNothing();
    await romeo.disconnect();
  });

  test("its certificate proves no other domain, nor one of ours", async () => {
    const victim = await dials();
    const offered = await greets(victim, "victim.example");
    assert.doesNotMatch(`${offered}`, /EXTERNAL/);
    victim.writes(`<auth ${sasl} mechanism='EXTERNAL'>=</auth>`);
    await victim.receives(`<failure ${sasl}><not-authorized/></failure>`);
    victim.transport.destroy();
    const wire = await dials();
    assert.match(`${await greets(wire, "ours.example")}`, /invalid-from/);
    wire.transport.destroy();
    const other = await dials();
    await greets(other, mallory.domain);
    other.writes(`<auth ${sasl} mechanism='EXTERNAL'>${Buffer.from("victim.example").toString("base64")}</auth>`);
    await other.receives(`<failure ${sasl}><invalid-authzid/></failure>`);
    other.transport.destroy();
  });

  test("a key for another domain is not believed: that domain is asked", async () => {
    const wire = await dials();
    await greets(wire, mallory.domain);
    wire.writes(
      "<db:result xmlns:db='jabber:server:dialback' from='victim.example' to='ours.example'>abcdef</db:result>",
    );
    const answer = await wire.next("the answer");
    assert.deepEqual([answer.name, answer.attrs.type, answer.attrs.to], ["result", "error", "victim.example"]);
    wire.transport.destroy();
  });
});
