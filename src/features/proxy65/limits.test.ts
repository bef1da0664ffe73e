import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { activation, dial, errorOf, pair, type Socks, waiting } from "#test/harness/socks.ts";
import { destination } from "./destinations.ts";

function limited(proxy65: object) {
  return { skipOn: ["prosody"], why: "connects to the proxy inside our process", settings: { proxy65 } };
}

const receiver = "juliet@example.net/x";

scenario("proxy65: who says nothing is cut off", limited({ "handshake-time": "50 ms" }), async (stage) => {
  const silent = dial(stage);
  const slow = dial(stage);
  slow.writes(Buffer.from([5]));
  await Promise.all([silent.ends(), slow.ends()]);
  assert.equal(stage.assembly.server.metrics.snapshot()["proxy65_refused{late}"], 2);
});

scenario("proxy65: a pair that nobody activates is cut off", limited({ "waiting-time": "50 ms" }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const ends = await pair(stage, "s1", `${romeo}`, receiver);
  await Promise.all(ends.map((end) => end.ends()));
  await romeo.exchange(activation("s1", receiver), errorOf("s1", "item-not-found"));
});

scenario("proxy65: a transfer in which nothing passes is given up", limited({ idle: "50 ms" }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, receiver);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  await Promise.all([from.ends(), to.ends()]);
  assert.equal(stage.assembly.server.metrics.snapshot()["proxy65_transfers_ended{idle}"], 1);
});

scenario("proxy65: transfers of one person", limited({ "transfers-per-account": 1 }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const nurse = await stage.connect("nurse@example.com/chamber");
  const [from, to] = await pair(stage, "s1", `${romeo}`, receiver);
  await pair(stage, "s2", `${romeo}`, receiver);
  await pair(stage, "s3", `${nurse}`, receiver);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  await romeo.exchange(activation("s2", receiver), errorOf("s2", "resource-constraint"));
  await nurse.exchange(activation("s3", receiver), "<iq type='result' id='s3'/>");
  from.socket.end();
  await to.ends();
  to.socket.end();
  await from.ends();
  await romeo.settles();
  await romeo.exchange(activation("s2", receiver), "<iq type='result' id='s2'/>");
});

scenario("proxy65: transfers in all", limited({ transfers: 1 }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const nurse = await stage.connect("nurse@example.com/chamber");
  await pair(stage, "s1", `${romeo}`, receiver);
  await pair(stage, "s2", `${nurse}`, receiver);
  const fifth = dial(stage);
  assert.deepEqual([...(await fifth.ends())], []);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  await nurse.exchange(activation("s2", receiver), errorOf("s2", "resource-constraint"));
});

scenario("proxy65: connections from one address", limited({ "connections-per-address": 2 }), async (stage) => {
  const name = destination("s1", "a@example.com/x", "b@example.com/y");
  const first = await waiting(stage, name, "192.0.2.1");
  await waiting(stage, name, "192.0.2.1");
  await dial(stage, "192.0.2.1").ends();
  await waiting(stage, destination("s2", "a@example.com/x", "b@example.com/y"), "192.0.2.2");
  first.socket.destroy();
  const romeo = await stage.connect("romeo@example.com/orchard");
  await romeo.settles();
  await waiting(stage, name, "192.0.2.1");
});

scenario("proxy65: the bytes of a day", limited({ "bytes-per-day": "1000 B" }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, receiver);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  from.writes(Buffer.alloc(600));
  await to.reads(600);
  from.writes(Buffer.alloc(600));
  await to.reads(600);
  from.writes(Buffer.alloc(1));
  await Promise.all([from.ends(), to.ends()]);
  await pair(stage, "s2", `${romeo}`, receiver);
  await romeo.exchange(activation("s2", receiver), errorOf("s2", "resource-constraint"));
  const nurse = await stage.connect("nurse@example.com/chamber");
  await pair(stage, "s3", `${nurse}`, receiver);
  await nurse.exchange(activation("s3", receiver), "<iq type='result' id='s3'/>");
});

scenario("proxy65: a rate holds back, and loses nothing", limited({ rate: "200 KiB" }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, receiver);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  for (let part = 0; part < 16; part++) from.writes(Buffer.alloc(20 * 1024, part));
  const all = await to.reads(16 * 20 * 1024);
  for (let part = 0; part < 16; part++) assert.equal(all[part * 20 * 1024], part);
});

scenario("proxy65: beyond the rate nothing passes until its time has come", limited({ rate: "1 B" }), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, receiver);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  from.writes(Buffer.alloc(20_000));
  await to.reads(20_000);
  from.writes(Buffer.alloc(20_000));
  await romeo.settles();
  await romeo.settles();
  assert.equal(to.received, 20_000 + 49);
});

scenario("proxy65: who reads nothing stops the sender; nothing piles up here", limited({}), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const [from, to] = await pair(stage, "s1", `${romeo}`, receiver);
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  to.socket.pause();
  const block = Buffer.alloc(65_536, 1);
  let sent = 0;
  while (from.socket.write(block)) {
    sent += block.length;
    assert.ok(sent < 10_000_000, "the sender never has to wait");
    await new Promise(setImmediate);
  }
  sent += block.length;
  assert.equal(stage.assembly.server.metrics.snapshot().proxy65_transfers_open, 1);
  to.socket.resume();
  assert.equal((await to.reads(sent)).length, sent);
});

scenario("proxy65: a stop of the server ends connections and transfers", limited({}), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const ends: Socks[] = [...(await pair(stage, "s1", `${romeo}`, receiver)), dial(stage)];
  await romeo.exchange(activation("s1", receiver), "<iq type='result' id='s1'/>");
  stage.assembly.hosts.get("example.com")!.stop("proxy65");
  await Promise.all(ends.map((end) => end.ends()));
});
