/** Rooms over the end of the process, asked to stop or killed: they and those in them are where they were. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "#test/bench/load/link.ts";
import { attribute, becomeAvailable, XmppServer } from "#test/bench/load/login.ts";
import { ask, enter, found, until } from "#test/harness/room-links.ts";
import { type RunningService, startService } from "#test/harness/service.ts";

const domain = "example.com";
const sm = "xmlns='urn:xmpp:sm:3'";
const owner = "http://jabber.org/protocol/muc#owner";
const admin = "http://jabber.org/protocol/muc#admin";
const addressOf = (name: string) => `${name}@conference.${domain}`;
const settings = {
  accounts: { iterations: 4096 },
  log: { level: "warn" },
  muc: { grace: "1 s", resumption: "4 s", permanent: [{ room: "test", owners: ["romeo"] }] },
};
const people = ["romeo", "juliet", "tybalt", "nurse"] as const;

/** Somebody with a session that can be resumed. */
interface Person {
  readonly link: Link;
  readonly user: string;
  readonly id: string;
}

/** An installation that is ended and started again. */
class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), "parloir-rooms-"));
  readonly #links: Link[] = [];
  #service: RunningService | undefined;

  static async open(context: TestContext): Promise<Stage> {
    const stage = new Stage();
    context.after(() => stage.#close());
    await stage.start();
    for (const name of people) await stage.service.addUser(`${name}@${domain}`, "pencil");
    return stage;
  }

  get service(): RunningService {
    return this.#service!;
  }

  async start(): Promise<void> {
    this.#service = await startService({ folder: this.#folder, settings });
  }

  async authenticated(user: string): Promise<Link> {
    const link = await new XmppServer(this.service, domain, "pencil").authenticated(user, { tls: true });
    this.#links.push(link);
    return link;
  }

  async connect(user: string): Promise<Person> {
    const link = await this.authenticated(user);
    await becomeAvailable(link, await new XmppServer(this.service, domain, "pencil").bind(link, "client"));
    link.send(`<enable ${sm} resume='true'/>`);
    const id = attribute(await until(link, (stanza) => stanza.startsWith("<enabled")), "id")!;
    return { link, user, id };
  }

  async #close(): Promise<void> {
    for (const link of this.#links) link.drop();
    await this.#service?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function enters(person: Person, room: string): Promise<string[]> {
  enter(person, room, person.user);
  const past: string[] = [];
  await until(person.link, (stanza) => {
    if (stanza.startsWith("<message")) past.push(stanza);
    return stanza.includes("<subject");
  });
  return past;
}

/** Says something; it must come back, so who says it is in the room. */
async function says({ link }: Pick<Person, "link">, room: string, id: string): Promise<void> {
  link.send(`<message to='${room}' type='groupchat' id='${id}'><body>${id}</body></message>`);
  const answer = await until(link, (stanza) => stanza.startsWith("<message") && attribute(stanza, "id") === id);
  assert.equal(attribute(answer, "type"), "groupchat", answer);
}

function configure({ link }: Person, room: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  const form = Object.entries({ FORM_TYPE: "http://jabber.org/protocol/muc#roomconfig", ...fields });
  const xml = form.map(([name, value]) => field(name, value)).join("");
  const payload = `<query xmlns='${owner}'><x xmlns='jabber:x:data' type='submit'>${xml}</x></query>`;
  return ask(link, "set", room, payload, `configure ${room}`);
}

async function errorOf(link: Link, payload: string, room: string, type: "get" | "set" = "get"): Promise<string> {
  const id = `refused ${room}`;
  link.send(`<iq type='${type}' to='${room}' id='${id}'>${payload}</iq>`);
  return until(link, (stanza) => stanza.startsWith("<iq") && attribute(stanza, "id") === id);
}

const info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

/** Rooms of every kind: kept and temporary, with people and without, destroyed. */
async function furnish(stage: Stage) {
  const [romeo, juliet, tybalt] = await Promise.all(["romeo", "juliet", "tybalt"].map((user) => stage.connect(user)));
  const kept = addressOf("orchard");
  for (const name of ["orchard", "lane", "empty", "gone"]) await found(romeo!, addressOf(name), "romeo");
  await configure(romeo!, kept, {
    "muc#roomconfig_roomname": "Capulet's orchard",
    "muc#roomconfig_persistentroom": "1",
  });
  const member = `<item affiliation='member' jid='juliet@${domain}' nick='juliet'/>`;
  await ask(romeo!.link, "set", kept, `<query xmlns='${admin}'>${member}</query>`, "member");
  await enters(juliet!, kept);
  romeo!.link.send(`<message to='${kept}' type='groupchat'><subject>The balcony</subject></message>`);
  await until(juliet!.link, (stanza) => stanza.includes("<subject"));
  await enters(juliet!, addressOf("lane"));
  await enters(tybalt!, addressOf("lane"));
  for (const id of ["one", "two", "three"]) await says(juliet!, kept, id);
  romeo!.link.send(`<presence to='${addressOf("empty")}/romeo' type='unavailable'/>`);
  const end = `<destroy jid='${kept}'><reason>The watch is coming</reason></destroy>`;
  await ask(romeo!.link, "set", addressOf("gone"), `<query xmlns='${owner}'>${end}</query>`, "destroy");
  // What was said before must have been handled on every stream.
  for (const { link } of [romeo!, juliet!, tybalt!])
    await ask(link, "get", domain, "<ping xmlns='urn:xmpp:ping'/>", "ping");
  await sleep(100); // what is written with the next turn of the loop
  return { romeo: romeo!, juliet: juliet!, tybalt: tybalt! };
}

/** What a newcomer and the owner find. */
async function inspect(stage: Stage, romeo: Pick<Person, "link">): Promise<void> {
  const kept = addressOf("orchard");
  const nurse = await stage.connect("nurse");
  const past = await enters(nurse, kept);
  const texts = past.map((stanza) => /<(?:body|subject)>([^<]*)/.exec(stanza)?.[1]);
  assert.deepEqual(texts.slice(0, 3), ["one", "two", "three"]);
  assert.equal(texts.at(-1), "The balcony");
  for (const stanza of past) assert.match(stanza, /urn:xmpp:delay/);
  assert.match(await ask(nurse.link, "get", kept, info, "info"), /Capulet(&apos;|')s orchard/);
  const members = `<query xmlns='${admin}'><item affiliation='member'/></query>`;
  assert.match(await ask(romeo.link, "get", kept, members, "members"), new RegExp(`juliet@${domain}`));

  enter(nurse, addressOf("gone"), "nurse");
  const refusal = await until(nurse.link, (stanza) => attribute(stanza, "from")?.startsWith("gone@") === true);
  assert.match(refusal, /^<presence.* type=['"]error['"].*<gone /);
  assert.match(refusal, new RegExp(kept));

  const destroy = `<query xmlns='${owner}'><destroy/></query>`;
  assert.match(await errorOf(romeo.link, destroy, addressOf("test"), "set"), /<not-allowed /);
  await ask(nurse.link, "get", addressOf("test"), info, "permanent");
  while (!/<item-not-found /.test(await errorOf(nurse.link, info, addressOf("empty")))) await sleep(50);
  await ask(nurse.link, "get", addressOf("lane"), info, "occupied");
}

test("asked to stop, and started: rooms and those in them are where they were", {
  timeout: 60_000,
}, async (context) => {
  const stage = await Stage.open(context);
  const before = await furnish(stage);
  await stage.service.stop();
  await stage.start();
  const resume = async ({ user, id }: Person): Promise<Pick<Person, "link">> => {
    const link = await stage.authenticated(user);
    link.send(`<resume ${sm} previd='${id}' h='0'/>`);
    assert.match(await link.next(), /^<resumed/);
    return { link };
  };
  const juliet = await resume(before.juliet);
  const romeo = await resume(before.romeo);
  for (const name of ["orchard", "lane"]) {
    await says(juliet, addressOf(name), `back in ${name}`);
    const seen: string[] = [];
    await until(romeo.link, (stanza) => {
      seen.push(stanza);
      return attribute(stanza, "id") === `back in ${name}`;
    });
    const leaving = seen.filter((stanza) => /^<presence[^>]* type=['"]unavailable/.test(stanza));
    assert.deepEqual(
      leaving.filter((stanza) => !attribute(stanza, "from")!.startsWith("empty@") && !stanza.includes("<destroy")),
      [],
    );
  }
  await inspect(stage, romeo);
});

test("killed, and started: those who come back were never gone, who does not is seen to leave, and the rest stands", {
  timeout: 60_000,
}, async (context) => {
  const stage = await Stage.open(context);
  await furnish(stage);
  await stage.service.kill();
  await stage.start();
  const juliet = await stage.connect("juliet");
  const romeo = await stage.connect("romeo");
  await says(juliet, addressOf("lane"), "back in lane");
  const seen: string[] = [];
  await until(romeo.link, (stanza) => {
    if (/^<presence[^>]* type=['"]unavailable/.test(stanza)) seen.push(attribute(stanza, "from")!);
    return attribute(stanza, "from") === `${addressOf("lane")}/tybalt`;
  });
  assert.deepEqual(seen, [`${addressOf("lane")}/tybalt`]);
  await inspect(stage, romeo);
});

test("killed again and again while people enter and leave: a room is as those in it see it", {
  timeout: 90_000,
}, async (context) => {
  const stage = await Stage.open(context);
  const room = addressOf("orchard");
  await found(await stage.connect("romeo"), room, "romeo");
  for (let round = 0; round < 3; round++) {
    const juliet = await stage.connect("juliet");
    for (let visit = 0; visit < 20 + round; visit++) {
      await enters(juliet, room);
      if (visit < 19 + round) juliet.link.send(`<presence to='${room}/juliet' type='unavailable'/>`);
    }
    await ask(juliet.link, "get", domain, "<ping xmlns='urn:xmpp:ping'/>", "ping");
    await stage.service.kill();
    await stage.start();
    const romeo = await stage.connect("romeo");
    await says(romeo, room, `round ${round}`);
    const items = await ask(
      romeo.link,
      "get",
      room,
      "<query xmlns='http://jabber.org/protocol/disco#items'/>",
      "items",
    );
    for (const nick of ["romeo", "juliet"]) assert.equal(items.split(`${room}/${nick}`).length, 2, items);
  }
});
