import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { sql } from "#core/database.ts";
import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";

const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";

function list(name: string, ...jids: string[]): string {
  return `<${name} xmlns='urn:xmpp:blocking'>${jids.map((jid) => `<item jid='${jid}'/>`).join("")}</${name}>`;
}

function set(payload: string, id = "block1"): string {
  return `<iq type='set' id='${id}'>${payload}</iq>`;
}

const getList = "<iq type='get' id='blocklist1'><blocklist xmlns='urn:xmpp:blocking'/></iq>";

async function blocks(client: Client, ...jids: string[]): Promise<void> {
  await client.exchange(set(list("block", ...jids)), "<iq type='result' id='block1'/>");
}

async function unblocks(client: Client, ...jids: string[]): Promise<void> {
  await client.exchange(set(list("unblock", ...jids), "unblock1"), "<iq type='result' id='unblock1'/>");
}

async function listOf(client: Client): Promise<string[]> {
  const answer = await client.exchange(
    getList,
    "<iq type='result' id='blocklist1'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
  );
  return answer.elements[0]!.elements.map((item) => item.attrs.jid!).sort();
}

function refusal(from: string, condition: string, kind = "message"): string {
  return `<${kind} type='error' from='${from}'><error type='cancel'><${condition} xmlns='${stanzaErrors}'/></error></${kind}>`;
}

/** The next presence of a type from somebody, whatever comes before it. */
async function presenceFrom(client: Client, from: string, type?: string): Promise<void> {
  for (;;) {
    const element = await client.next(`presence ${type ?? ""} from ${from}`);
    if (element.name === "presence" && element.attrs.type === type && element.attrs.from === from) return;
  }
}

/** Juliet and Romeo, who see each other. */
async function lovers(connect: Stage["connect"]) {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  for (const [one, other] of [
    [juliet, romeo],
    [romeo, juliet],
  ] as const) {
    await one.sends(`<presence type='subscribe' to='${other.jid.bare}'/>`);
    await presenceFrom(other, one.jid.bare.toString(), "subscribe");
    await other.sends(`<presence type='subscribed' to='${one.jid.bare}'/>`);
    await presenceFrom(one, other.toString());
  }
  for (const client of [juliet, romeo]) await quiet(client);
  return { juliet, romeo };
}

/** What has come is no matter. */
async function quiet(client: Client): Promise<void> {
  await client.sends("<iq type='get' to='example.com' id='quiet'><ping xmlns='urn:xmpp:ping'/></iq>");
  while ((await client.next()).attrs.id !== "quiet");
}

const noisy = { skipOn: ["prosody"], why: "it answers its own broadcasts with errors" };

scenario("blocking: it is advertised (XEP-0191 §3.1)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  await juliet.exchange(
    "<iq type='get' to='example.com' id='disco1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    `<iq type='result' id='disco1'><query xmlns='http://jabber.org/protocol/disco#info'>
      <feature var='urn:xmpp:blocking'/></query></iq>`,
  );
});

scenario("blocking: the list, empty and filled, and kept for the next session (§3.2)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  assert.deepEqual(await listOf(juliet), []);
  await juliet.disconnect();
  const again = await connect("juliet@example.com/balcony");
  await blocks(again, "romeo@montague.net", "Iago@shakespeare.lit");
  await again.disconnect();
  const last = await connect("juliet@example.com/chamber");
  assert.deepEqual(await listOf(last), ["iago@shakespeare.lit", "romeo@montague.net"]);
});

scenario(
  "blocking: clients that asked for the list are told of changes, others not (§3.3, §3.4, §3.5)",
  async ({ connect }) => {
    const chamber = await connect("juliet@example.com/chamber");
    const balcony = await connect("juliet@example.com/balcony");
    const crypt = await connect("juliet@example.com/crypt");
    await listOf(chamber);
    await listOf(balcony);
    const changes = [
      [list("block", "romeo@montague.net"), list("block", "romeo@montague.net")],
      [list("unblock", "romeo@montague.net"), list("unblock", "romeo@montague.net")],
      [list("unblock"), list("unblock")],
    ] as const;
    for (const [sent, pushed] of changes) {
      await chamber.sends(set(sent, "c"));
      await chamber.receivesInAnyOrder(
        "<iq type='result' id='c'/>",
        `<iq type='set' to='${chamber}' id='…'>${pushed}</iq>`,
      );
      const push = await balcony.receives(`<iq type='set' to='${balcony}' id='…'>${pushed}</iq>`);
      await balcony.sends(`<iq type='result' id='${push.attrs.id}'/>`);
    }
    await crypt.receivesNothing();
  },
);

scenario(
  "blocking: messages of a blocked one come back, presence and answers go nowhere (§3.3)",
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/chamber");
    const romeo = await connect("romeo@example.com/orchard");
    await blocks(juliet, "romeo@example.com");
    // Prosody answers no message to a full address.
    const full = process.env.TARGET === "prosody" ? [] : [juliet.toString()];
    for (const to of ["juliet@example.com", ...full]) {
      await romeo.exchange(
        `<message to='${to}' type='chat' id='m'><body>Hi</body></message>`,
        refusal(to, "service-unavailable"),
      );
      await romeo.exchange(
        `<iq type='get' to='${to}' id='i'><ping xmlns='urn:xmpp:ping'/></iq>`,
        refusal(to, "service-unavailable", "iq"),
      );
      await romeo.sends(`<presence to='${to}'/>`);
      await romeo.sends(`<presence to='${to}' type='subscribe'/>`);
      await romeo.sends(`<presence to='${to}' type='probe'/>`);
      await romeo.sends(`<iq type='result' to='${to}' id='r'/>`);
      await romeo.sends(
        `<iq type='error' to='${to}' id='e'><error type='cancel'><conflict xmlns='${stanzaErrors}'/></error></iq>`,
      );
      await romeo.sends(`<message to='${to}' type='error' id='e'/>`);
    }
    await romeo.settles();
    await juliet.receivesNothing();
  },
);

scenario("blocking: what is sent to a blocked one comes back, and says why (§3.3)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  await blocks(juliet, "romeo@example.com");
  const error = `<error type='cancel'><not-acceptable xmlns='${stanzaErrors}'/><blocked xmlns='urn:xmpp:blocking:errors'/></error>`;
  for (const to of ["romeo@example.com", romeo.toString()]) {
    await juliet.exchange(
      `<message to='${to}' id='m'><body>Can you hear me now?</body></message>`,
      `<message type='error' from='${to}' to='${juliet}' id='m'>${error}</message>`,
    );
    await juliet.exchange(
      `<iq type='get' to='${to}' id='i'><ping xmlns='urn:xmpp:ping'/></iq>`,
      `<iq type='error' from='${to}' id='i'>${error}</iq>`,
    );
  }
  await romeo.receivesNothing();
});

scenario("blocking: after unblocking, stanzas flow again (§3.4)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  await blocks(juliet, "romeo@example.com");
  await romeo.exchange(
    "<message to='juliet@example.com' id='1'><body>Hi</body></message>",
    refusal("juliet@example.com", "service-unavailable"),
  );
  await unblocks(juliet, "romeo@example.com");
  assert.deepEqual(await listOf(juliet), []);
  await romeo.sends(`<message to='${juliet}' id='2'><body>Hi again</body></message>`);
  await juliet.receives(`<message from='${romeo}' id='2'><body>Hi again</body></message>`);
  await juliet.sends(`<message to='${romeo}' id='3'><body>Yes</body></message>`);
  await romeo.receives(`<message from='${juliet}' id='3'/>`);
});

scenario("blocking: unblocking all empties the list (§3.5)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  await blocks(juliet, "romeo@example.com", "example.net", "iago@shakespeare.lit/x");
  await unblocks(juliet);
  assert.deepEqual(await listOf(juliet), []);
  await romeo.sends(`<message to='${juliet}'><body>Hi</body></message>`);
  await juliet.receives(`<message from='${romeo}'/>`);
});

scenario("blocking: by full address, account and domain (§6)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const orchard = await connect("romeo@example.net/orchard");
  const home = await connect("romeo@example.net/home");
  const tybalt = await connect("tybalt@example.net/street");
  const hello = "<message to='juliet@example.com' id='m'><body>Hi</body></message>";
  const back = refusal("juliet@example.com", "service-unavailable");
  const cases: readonly (readonly [string, readonly Client[], readonly Client[]])[] = [
    ["romeo@example.net/orchard", [orchard], [home, tybalt]],
    ["romeo@example.net", [orchard, home], [tybalt]],
    ["example.net/resource", [], [orchard, home, tybalt]],
    ["example.net", [orchard, home, tybalt], []],
  ];
  for (const [jid, blocked, free] of cases) {
    await blocks(juliet, jid);
    for (const client of blocked) await client.exchange(hello, back);
    for (const client of free) {
      await client.sends(hello);
      await juliet.receives(`<message from='${client}' id='m'/>`);
    }
    await unblocks(juliet, jid);
  }
});

scenario(
  "blocking: a blocked contact sees the user go, and come back when unblocked (§3.3, §3.4)",
  noisy,
  async ({ connect }) => {
    const { juliet, romeo } = await lovers(connect);
    await blocks(juliet, "romeo@example.com");
    await romeo.receives(`<presence type='unavailable' from='${juliet}'/>`);
    await juliet.sends("<presence><show>away</show></presence>");
    await juliet.settles();
    await romeo.receivesNothing();
    await unblocks(juliet, "romeo@example.com");
    await romeo.receives(`<presence from='${juliet}'><show>away</show></presence>`);
  },
);

scenario("blocking: neither sees what the other does meanwhile", noisy, async ({ connect }) => {
  const { juliet, romeo } = await lovers(connect);
  await blocks(juliet, "example.com/none", "romeo@example.com");
  await romeo.receives(`<presence type='unavailable' from='${juliet}'/>`);
  await romeo.sends("<presence><show>dnd</show></presence>");
  await romeo.settles();
  await juliet.receivesNothing();
  // A new session is neither shown to the other, nor shown the other.
  const balcony = await connect("juliet@example.com/balcony");
  await balcony.receivesNothing();
  await romeo.receivesNothing();
  const home = await connect("romeo@example.com/home");
  await home.receivesNothing();
  await juliet.receivesNothing();
});

scenario("blocking: those who may not see the user are told nothing of it", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  await blocks(juliet, "romeo@example.com");
  await juliet.settles();
  await romeo.receivesNothing();
  await unblocks(juliet, "romeo@example.com");
  await juliet.settles();
  await romeo.receivesNothing();
});

scenario("blocking: a request that came before the block is shown no more", noisy, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const tybalt = await connect("tybalt@example.com/street");
  await tybalt.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await juliet.receives("<presence type='subscribe' from='tybalt@example.com'/>");
  const before = await connect("juliet@example.com/balcony");
  await presenceFrom(before, "tybalt@example.com", "subscribe");
  await blocks(juliet, "tybalt@example.com");
  const after = await connect("juliet@example.com/crypt");
  await after.receivesNothing();
  // Unblocked, it waits for its answer again.
  await unblocks(juliet, "tybalt@example.com");
  const last = await connect("juliet@example.com/tomb");
  await presenceFrom(last, "tybalt@example.com", "subscribe");
});

scenario("blocking: it holds while the user is not connected", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  await blocks(juliet, "romeo@example.com");
  await juliet.disconnect();
  await romeo.exchange(
    "<message to='juliet@example.com' type='chat' id='1'><body>Hi</body></message>",
    refusal("juliet@example.com", "service-unavailable"),
  );
  const again = await connect("juliet@example.com/chamber");
  await again.receivesNothing();
});

const ours = { skipOn: ["prosody"], why: "the XEP leaves it open" };

scenario("blocking: requests that name nobody or nonsense are refused (§3.3)", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const cases = [
    [list("block"), "bad-request", "modify"],
    ["<block xmlns='urn:xmpp:blocking'><item/></block>", "bad-request", "modify"],
    ["<unblock xmlns='urn:xmpp:blocking'><item/></unblock>", "bad-request", "modify"],
    [list("block", "romeo@"), "jid-malformed", "modify"],
    [list("block", "juliet@example.com"), "not-allowed", "cancel"],
    [list("block", "romeo@example.com", "juliet@example.com/balcony"), "not-allowed", "cancel"],
  ] as const;
  for (const [payload, condition, type] of cases) {
    await juliet.exchange(
      set(payload, "x"),
      `<iq type='error' id='x'><error type='${type}'><${condition} xmlns='${stanzaErrors}'/></error></iq>`,
    );
  }
  assert.deepEqual(await listOf(juliet), []);
});

scenario("blocking: the list of another is nobody's business", async ({ connect, account }) => {
  const juliet = await connect("juliet@example.com/chamber");
  await account("romeo@example.com");
  await juliet.exchange(
    getList.replace(" id=", " to='romeo@example.com' id="),
    `<iq type='error' from='romeo@example.com'><error type='cancel'><service-unavailable xmlns='${stanzaErrors}'/></error></iq>`,
  );
});

scenario("blocking: a list has a limit", { ...ours, settings: { blocking: { items: 2 } } }, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  await blocks(juliet, "a@example.net");
  await juliet.exchange(
    set(list("block", "b@example.net", "c@example.net"), "x"),
    `<iq type='error' id='x'><error type='cancel'><not-allowed xmlns='${stanzaErrors}'/></error></iq>`,
  );
  await blocks(juliet, "b@example.net", "a@example.net", "B@example.net");
  assert.deepEqual(await listOf(juliet), ["a@example.net", "b@example.net"]);
});

scenario(
  "blocking: one's own domain may be blocked, but neither the server nor oneself is (§5)",
  ours,
  async ({ connect }) => {
    const chamber = await connect("juliet@example.com/chamber");
    const balcony = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await blocks(chamber, "example.com");
    await chamber.receivesNothing(); // the server answers a ping
    await chamber.sends(`<message to='${balcony}' id='m'><body>Note</body></message>`);
    await balcony.receives(`<message from='${chamber}' id='m'/>`);
    await romeo.exchange(
      `<message to='${balcony}'><body>Hi</body></message>`,
      refusal(balcony.toString(), "service-unavailable"),
    );
  },
);

const inside = { skipOn: ["prosody"], why: "needs our server from inside" };

scenario("blocking: a list goes with its account", inside, async ({ connect, assembly }) => {
  const juliet = await connect("juliet@example.com/chamber");
  await blocks(juliet, "romeo@example.com");
  await juliet.disconnect();
  await assembly.hosts.get("example.com")!.fire(removing, { account: juliet.jid.bare });
  const again = await connect("juliet@example.com/chamber");
  assert.deepEqual(await listOf(again), []);
});

scenario("blocking: what another node has changed is read again", inside, async ({ connect, assembly }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const romeo = await connect("romeo@example.com/orchard");
  await blocks(juliet, "romeo@example.com");
  const { db } = assembly.hosts.get("example.com")!;
  await db.run(sql`delete from blocking where account = ${"juliet@example.com"}`);
  await romeo.exchange(`<message to='${juliet}'/>`, refusal(juliet.toString(), "service-unavailable"));
  (assembly.server.bus as unknown as { receive(...told: string[]): void }).receive(
    "stale",
    "blocking juliet@example.com",
    "another node",
  );
  await romeo.sends(`<message to='${juliet}'><body>Hi</body></message>`);
  await juliet.receives(`<message from='${romeo}'><body>Hi</body></message>`);
});
