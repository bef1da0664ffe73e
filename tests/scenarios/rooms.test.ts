/** Rooms over real connections: large ones, many of them, and occupants who flood or vanish. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Link } from "#test/bench/load/link.ts";
import { attribute, type Client, XmppServer } from "#test/bench/load/login.ts";
import { ask, enter, found, until } from "#test/harness/room-links.ts";
import { startService } from "#test/harness/service.ts";

const domain = "example.com";
const conference = `conference.${domain}`;
const limits = { connections: 2_000, "connections-per-address": 2_000 };

/** A service with accounts, and how to connect to it. */
async function stage(context: TestContext, accounts: readonly string[], settings: object = {}) {
  const service = await startService({
    settings: { accounts: { iterations: 4096 }, log: { level: "warn" }, limits, ...settings },
  });
  context.after(() => service.stop());
  await Promise.all(accounts.map((account) => service.addUser(`${account}@${domain}`, "pencil")));
  const server = new XmppServer(service, domain, "pencil");
  const connect = async (user: string, resource: string): Promise<Client> => {
    const client = await server.login(user, { tls: true, presence: true, resource });
    context.after(() => client.link.close());
    return client;
  };
  return { service, connect };
}

/** What an occupant notices of a room from now on; who is asked whether it is there says so. */
class Watch {
  readonly came: string[] = [];
  readonly left: string[] = [];
  readonly said: string[] = [];
  readonly refused: string[] = [];
  #changed: (() => void) | undefined;

  constructor({ link }: Client) {
    link.listen((stanza) => {
      this.#note(stanza, link);
      this.#changed?.();
    });
  }

  #note(stanza: string, link: Link): void {
    const type = /^<\w+ [^>]*/.exec(stanza)?.[0].match(/ type=['"](\w+)['"]/)?.[1];
    const from = attribute(stanza, "from") ?? "";
    const nick = from.slice(from.indexOf("/") + 1);
    if (stanza.startsWith("<iq") && type === "get") link.send(`<iq type='result' id='${attribute(stanza, "id")}'/>`);
    else if (type === "error") this.refused.push(stanza);
    else if (stanza.includes("<body")) this.said.push(`${nick} ${attribute(stanza, "id")}`);
    else if (stanza.startsWith("<presence") && from.includes(conference))
      (type === "unavailable" ? this.left : this.came).push(nick);
  }

  async until(complete: () => boolean): Promise<void> {
    while (!complete()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

test("300 occupants enter at once, speak all at once, and half of them leave at once", {
  timeout: 120_000,
}, async (context) => {
  const accounts = Array.from({ length: 15 }, (_, index) => `user${index}`);
  const { connect } = await stage(context, accounts, { muc: { rate: 0, "room-rate": 0 } });
  const nicks = Array.from({ length: 300 }, (_, index) => `n${index}`);
  const clients: Client[] = [];
  for (let start = 0; start < nicks.length; start += 30) {
    const some = nicks.slice(start, start + 30);
    clients.push(...(await Promise.all(some.map((nick, at) => connect(accounts[at % 15]!, nick)))));
  }
  const room = `verona@${conference}`;
  await found(clients[0]!, room, "n0");
  const watches = clients.map((client) => new Watch(client));
  for (const [index, client] of clients.entries()) if (index > 0) enter(client, room, nicks[index]!);
  for (const [index, watch] of watches.entries()) {
    const others = index === 0 ? nicks.filter((nick) => nick !== "n0") : nicks;
    await watch.until(() => watch.came.length >= others.length);
    assert.deepEqual(watch.came.toSorted(), others.toSorted());
  }
  for (let number = 0; number < 10; number++) {
    for (const { link } of clients.slice(0, 10)) {
      link.send(`<message to='${room}' type='groupchat' id='${number}'><body>${number}</body></message>`);
    }
  }
  for (const watch of watches) {
    await watch.until(() => watch.said.length >= 100);
    assert.deepEqual(watch.said, watches[0]!.said, "all see one order");
  }
  for (const nick of nicks.slice(0, 10)) {
    const own = watches[0]!.said.filter((one) => one.startsWith(`${nick} `));
    assert.deepEqual(
      own,
      Array.from({ length: 10 }, (_, number) => `${nick} ${number}`),
    );
  }
  const leaving = nicks.slice(150);
  for (const { link } of clients.slice(150)) link.drop();
  for (const watch of watches.slice(0, 150)) {
    await watch.until(() => watch.left.length >= 150);
    assert.deepEqual(watch.left.toSorted(), leaving.toSorted());
    assert.deepEqual([watch.refused, watch.said.length], [[], 100]);
  }
});

test("500 rooms: the list has each once, however it is paged", { timeout: 60_000 }, async (context) => {
  const { connect } = await stage(context, ["romeo", "juliet"], { muc: { rooms: 0, "presence-rate": 0 } });
  const romeo = await connect("romeo", "orchard");
  const rooms = Array.from({ length: 500 }, (_, index) => `room${index}@${conference}`);
  for (const room of rooms) await found(romeo, room, "Romeo");
  const { link } = await connect("juliet", "balcony");
  const listed: string[] = [];
  let after = "";
  for (let page = 0; ; page++) {
    const set = `<set xmlns='http://jabber.org/protocol/rsm'><max>47</max>${after}</set>`;
    const query = `<query xmlns='http://jabber.org/protocol/disco#items'>${set}</query>`;
    const answer = await ask(link, "get", conference, query, `page${page}`);
    const items = [...answer.matchAll(/<item [^>]*jid=['"]([^'"]*)/g)].map(([, jid]) => jid!);
    if (items.length === 0) break;
    listed.push(...items);
    after = `<after>${/<last>([^<]*)/.exec(answer)![1]}</after>`;
    assert.equal(/<count>(\d+)/.exec(answer)?.[1], "501");
  }
  assert.deepEqual(listed.toSorted(), [...rooms, `test@${conference}`].toSorted());
});

test("who floods a room is limited, and nobody else", { timeout: 60_000 }, async (context) => {
  const { connect } = await stage(context, ["romeo", "juliet", "tybalt"], { muc: { rate: 30 } });
  const [romeo, juliet, tybalt] = await Promise.all(["romeo", "juliet", "tybalt"].map((user) => connect(user, "a")));
  const room = `verona@${conference}`;
  await found(romeo!, room, "Romeo");
  const watches = [romeo!, juliet!, tybalt!].map((client) => new Watch(client));
  enter(juliet!, room, "Juliet");
  await watches[0]!.until(() => watches[0]!.came.includes("Juliet"));
  enter(tybalt!, room, "Tybalt");
  await watches[0]!.until(() => watches[0]!.came.includes("Tybalt"));
  for (let number = 0; number < 500; number++) {
    tybalt!.link.send(`<message to='${room}' type='groupchat' id='${number}'><body>Villain</body></message>`);
    if (number % 50 === 0)
      juliet!.link.send(`<message to='${room}' type='groupchat' id='${number}'><body>Hi</body></message>`);
  }
  const flood = watches[2]!;
  const his = (watch: Watch) => watch.said.filter((one) => one.startsWith("Tybalt"));
  await flood.until(() => flood.refused.length + his(flood).length >= 500);
  const heard = his(flood).length;
  assert.ok(heard >= 30 && heard < 100, `${heard} of 500 were told to all`);
  for (const refusal of flood.refused) assert.match(refusal, /type=['"]wait['"].*<policy-violation/);
  for (const watch of watches) {
    await watch.until(() => watch.said.filter((one) => one.startsWith("Juliet")).length >= 10);
    assert.deepEqual(his(watch).length, heard);
    assert.deepEqual(watch.left, []);
  }
});

test("who vanishes without a word leaves: by not answering, and by not coming back", {
  timeout: 60_000,
}, async (context) => {
  const settings = {
    c2s: { idle: "500 ms", "idle-answer": "500 ms" },
    "stream-management": { resumable: "500 ms" },
  };
  const { connect } = await stage(context, ["romeo", "juliet", "tybalt"], settings);
  const romeo = await connect("romeo", "orchard");
  const room = `verona@${conference}`;
  await found(romeo, room, "Romeo");
  const watch = new Watch(romeo);
  const juliet = await connect("juliet", "balcony");
  juliet.link.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  await until(juliet.link, (stanza) => stanza.startsWith("<enabled"));
  enter(juliet, room, "Juliet");
  const tybalt = await connect("tybalt", "street");
  enter(tybalt, room, "Tybalt");
  await watch.until(() => watch.came.includes("Juliet") && watch.came.includes("Tybalt"));
  for (const { link } of [juliet, tybalt]) link.stall(true);
  await watch.until(() => watch.left.length >= 2);
  assert.deepEqual(watch.left.toSorted(), ["Juliet", "Tybalt"]);
  romeo.link.send(`<message to='${room}' type='groupchat' id='1'><body>Alone?</body></message>`);
  await watch.until(() => watch.said.length > 0);
});
