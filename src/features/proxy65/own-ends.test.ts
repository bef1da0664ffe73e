import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Host } from "#core/host.ts";
import { Jid } from "#jid/jid.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import { activation, Socks, waiting } from "#test/harness/socks.ts";
import { destination } from "./destinations.ts";
import { type Proxy65, proxy65 } from "./proxy65.ts";

// The server itself as an end of a transfer: what a bridge between files of clients and links needs.

const ours: ScenarioOptions = {
  domains: ["obs.example"],
  aliases: { "obs.example": ["jabber.obs.example"] },
  skipOn: ["prosody"],
  why: "our own interface",
};
const pierre = Jid.parse("pmartin@obs.example/work");
const anne = Jid.parse("adupont@obs.example");

async function interfaceOf({ assembly }: Stage): Promise<Proxy65> {
  let found: Proxy65 | undefined;
  const setup = (view: Host) => {
    found = view.use(proxy65);
  };
  await assembly.hosts.get("obs.example")!.start({ name: "bridge", xeps: [], setup }, undefined);
  return found!;
}

for (const face of ["obs.example", "jabber.obs.example"]) {
  scenario(`proxy65: the server takes a file in the place of its receiver (sender at ${face})`, ours, async (stage) => {
    const api = await interfaceOf(stage);
    const sender = await stage.connect(pierre.toString(), { face });
    const stream = { sid: "s1", requester: pierre, target: anne };
    const to = new Socks(api.join(stream)!);
    const from = await waiting(stage, destination("s1", `${sender}`, `adupont@${face}`));
    await sender.exchange(activation("s1", `adupont@${face}`, face), "<iq type='result' id='s1'/>");
    const file = randomBytes(300_000);
    from.writes(file);
    from.socket.end();
    assert.ok((await to.reads(file.length)).equals(file));
    await to.ends();
  });
}

scenario("proxy65: the server sends a file", ours, async (stage) => {
  const api = await interfaceOf(stage);
  const stream = { sid: "s1", requester: Jid.parse("obs.example"), target: pierre };
  assert.throws(() => api.activate(stream, pierre), { condition: "item-not-found" });
  const from = new Socks(api.join(stream)!);
  assert.throws(() => api.activate(stream, pierre), { condition: "not-allowed" });
  const to = await waiting(stage, destination("s1", "jabber.obs.example", "pmartin@jabber.obs.example/work"));
  api.activate(stream, pierre);
  from.writes("hello");
  assert.equal(String(await to.reads(5)), "hello");
});

scenario("proxy65: no more than two ends, the server's own included", ours, async (stage) => {
  const api = await interfaceOf(stage);
  const stream = { sid: "s1", requester: pierre, target: anne };
  assert.ok(api.join(stream));
  assert.ok(api.join(stream));
  assert.equal(api.join(stream), undefined);
});

scenario("proxy65: which streamhosts are this proxy", ours, async (stage) => {
  const api = await interfaceOf(stage);
  const here = ["obs.example", "jabber.obs.example", "proxy.obs.example", "proxy.jabber.obs.example"];
  for (const jid of here) assert.equal(api.isHere(Jid.parse(jid)), true, jid);
  for (const jid of ["proxy.example.com", "conference.obs.example", `${pierre}`, "pmartin@obs.example"])
    assert.equal(api.isHere(Jid.parse(jid)), false, jid);
});
