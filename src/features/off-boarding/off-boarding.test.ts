import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import type { Feature } from "#core/feature.ts";
import { handled } from "#core/hooks.ts";
import { losing } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Wire } from "#test/harness/wire.ts";
import { ended, locking, type OffBoardingApi, offBoarding } from "./off-boarding.ts";

const romeoAccount = Jid.parse("romeo@example.com");
const institute = () =>
  new MemoryPeople(
    [
      { user: "romeo", displayName: "Roméo" },
      { user: "juliet", displayName: "Juliette" },
    ],
    [{ id: "verona", name: "Verona", members: new Set(["romeo", "juliet"]) }],
  );
const at = (people: MemoryPeople) => ({
  people: { "example.com": people },
  settings: { groups: { enabled: true } },
  skipOn: ["prosody"],
  why: "accounts of a directory",
});
const ours = { skipOn: ["prosody"], why: "locks of ours" };

const closing = (words: string) =>
  `<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>…${words}…</text></stream:error>`;
const refusal =
  "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><account-disabled/><text>This account is locked…/ Ce compte est verrouillé…</text></failure>";

/** What the feature gives to others, and the accounts whose end it tells them. */
async function inside(assembly: Stage["assembly"]): Promise<{ api: OffBoardingApi; told: string[] }> {
  const found: OffBoardingApi[] = [];
  const told: string[] = [];
  const asking: Feature = {
    name: "asking",
    xeps: [],
    setup(host) {
      found.push(host.use(offBoarding));
      host.on(ended, "record", ({ account }) => void told.push(account.toString()));
    },
  };
  await assembly.hosts.get("example.com")!.start(asking, undefined);
  return { api: found[0]!, told };
}

/** Opens a stream and says the password, in a language. */
async function authenticates(wire: Wire, lang = "en"): Promise<void> {
  await wire.opens("example.com", `xml:lang='${lang}'`);
  const secret = Buffer.from("\0romeo\0pencil").toString("base64");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
}

async function logsIn(wire: Wire, lang = "en"): Promise<void> {
  await authenticates(wire, lang);
  await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await wire.opens("example.com", `xml:lang='${lang}'`);
}

async function binds(wire: Wire): Promise<void> {
  wire.writes("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await wire.receives("<iq type='result' id='b'/>");
}

const leaving = institute();
scenario(
  "off-boarding: all sessions of who has left end, and contacts see it",
  at(leaving),
  async ({ connect, assembly }) => {
    const { told } = await inside(assembly);
    const juliet = await connect("juliet@example.com/balcony");
    const orchard = await connect("romeo@example.com/orchard");
    const home = await connect("romeo@example.com/home");
    await juliet.receives(`<presence from='${orchard}'/>`);
    await juliet.receives(`<presence from='${home}'/>`);
    await orchard.settles();
    leaving.change({ ended: ["romeo"] });
    for (const client of [orchard, home]) {
      for (;;) if ((await client.next()).name === "error") break;
      await client.wire.ends();
    }
    await juliet.receivesInAnyOrder(
      `<presence type='unavailable' from='${orchard}'/>`,
      `<presence type='unavailable' from='${home}'/>`,
    );
    assert.equal(assembly.hosts.get("example.com")!.sessions.of(romeoAccount).length, 0);
    assert.deepEqual(told, ["romeo@example.com"]);
    await juliet.receivesNothing();
  },
);

scenario(
  "off-boarding: the stream says why, in the user's language",
  at(institute()),
  async ({ account, wire, assembly }) => {
    await account("romeo@example.com");
    const { api } = await inside(assembly);
    for (const [lang, words] of [
      ["en", "closed or locked"],
      ["fr", "fermé ou verrouillé"],
    ] as const) {
      const client = await wire();
      await logsIn(client, lang);
      await binds(client);
      await api.lock(romeoAccount);
      await client.receives(closing(words));
      await client.ends();
      await api.unlock(romeoAccount);
    }
  },
);

const halfway = institute();
scenario(
  "off-boarding: who was just being let in does not get in",
  at(halfway),
  async ({ account, wire, assembly }) => {
    await account("romeo@example.com");
    const client = await wire();
    await logsIn(client);
    halfway.change({ ended: ["romeo"] });
    await binds(client);
    await client.receives(closing("closed or locked"));
    await client.ends();
    assert.equal(assembly.hosts.get("example.com")!.sessions.size, 0);
    // The source of accounts says who may: an account that is enabled again is let in again.
    const later = await wire();
    await logsIn(later);
    await binds(later);
    later.writes("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    await later.receives("<iq type='result' id='p'/>");
  },
);

scenario(
  "off-boarding: a locked account is refused, whoever has its password, until it is unlocked",
  ours,
  async ({ account, wire, assembly }) => {
    await account("romeo@example.com");
    const { api, told } = await inside(assembly);
    assert.equal(await api.lock(romeoAccount), true);
    assert.equal(await api.lock(Jid.parse("romeo@example.com/orchard")), false);
    assert.equal(api.isLocked(romeoAccount), true);
    assert.deepEqual(told, ["romeo@example.com", "romeo@example.com"]);
    const client = await wire();
    await authenticates(client);
    await client.receives(refusal);
    assert.equal(await api.unlock(romeoAccount), true);
    assert.equal(await api.unlock(romeoAccount), false);
    const secret = Buffer.from("\0romeo\0pencil").toString("base64");
    client.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
    await client.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  },
);

scenario(
  "off-boarding: a wrong password of a locked account is a wrong password",
  ours,
  async ({ account, wire, assembly }) => {
    await account("romeo@example.com", "another");
    const { api } = await inside(assembly);
    await api.lock(romeoAccount);
    const client = await wire();
    await authenticates(client);
    await client.receives("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
  },
);

scenario("off-boarding: a lock ends the sessions of its account alone", ours, async ({ connect, assembly }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const namesake = await connect("romeo@example.net/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await assembly.hosts.get("example.com")!.fire(locking, { account: romeoAccount, locked: true });
  await romeo.receives("<stream:error/>");
  await romeo.wire.ends();
  await juliet.receivesNothing();
  await namesake.receivesNothing();
});

scenario("off-boarding: locks outlive a restart, and go with their account", ours, async ({ assembly }) => {
  const host = assembly.hosts.get("example.com")!;
  const { api } = await inside(assembly);
  await api.lock(romeoAccount);
  host.stop("asking");
  host.stop("off-boarding");
  await host.start(offBoarding, undefined);
  const again = (await inside(assembly)).api;
  assert.equal(again.isLocked(romeoAccount), true);
  await host.fire(removing, { account: romeoAccount });
  assert.equal(again.isLocked(romeoAccount), false);
  assert.deepEqual(await host.db.all({ text: ["select account from account_lock"], values: [] }), []);
});

scenario(
  "off-boarding: a lock that comes between password and resource holds",
  ours,
  async ({ account, wire, assembly }) => {
    await account("romeo@example.com");
    const { api } = await inside(assembly);
    const client = await wire();
    await logsIn(client);
    await api.lock(romeoAccount);
    await binds(client);
    await client.receives(closing("closed or locked"));
    await client.ends();
    assert.equal(assembly.hosts.get("example.com")!.sessions.size, 0);
  },
);

scenario("off-boarding: a session that outlives its connection ends, too", ours, async ({ connect, assembly }) => {
  const { api } = await inside(assembly);
  const host = assembly.hosts.get("example.com")!;
  const keeping: Feature = {
    name: "keeping",
    xeps: [],
    setup: (own) => own.on(losing, "check", () => handled),
  };
  await host.start(keeping, undefined);
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.drop();
  assert.equal(host.sessions.of(romeoAccount).length, 1);
  await api.lock(romeoAccount);
  assert.equal(host.sessions.of(romeoAccount).length, 0);
});
