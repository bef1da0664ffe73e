import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import { Departures } from "./store.ts";

const query = "<query xmlns='jabber:iq:last'/>";
const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";

function ask(to: string, id = "last1"): string {
  return `<iq type='get' to='${to}' id='${id}'>${query}</iq>`;
}

/** Romeo, who may see Juliet's presence; Juliet is connected. */
async function lovers(connect: Stage["connect"]) {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard", { presence: false });
  await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
  await juliet.receives("<presence type='subscribe' from='romeo@example.com'/>");
  await juliet.sends("<presence type='subscribed' to='romeo@example.com'/>");
  await juliet.settles();
  return { romeo, juliet };
}

/** The answer to a request, whatever comes before it. */
async function answerOf(client: { next(): Promise<Element> }, id: string): Promise<Element> {
  for (;;) {
    const element = await client.next();
    if (element.name === "iq" && element.attrs.id === id) return element;
  }
}

scenario("last activity: since when the server runs (XEP-0012 §5)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const answer = await romeo.exchange(
    ask("example.com", "last3"),
    `<iq type='result' from='example.com' id='last3'><query xmlns='jabber:iq:last' seconds='…'/></iq>`,
  );
  assert.match(answer.elements[0]!.attrs.seconds!, /^\d+$/);
  assert.equal(answer.elements[0]!.text, "");
});

scenario("last activity: when a contact left, and with which words (§3)", async ({ connect }) => {
  const { romeo, juliet } = await lovers(connect);
  await juliet.sends("<presence type='unavailable'><status>Heading Home</status></presence>");
  await juliet.disconnect();
  await romeo.sends(ask("juliet@example.com"));
  const answer = await answerOf(romeo, "last1");
  assert.equal(answer.attrs.type, "result");
  assert.equal(answer.elements[0]!.text, "Heading Home");
  assert.ok(Number(answer.elements[0]!.attrs.seconds) < 60);
});

scenario(
  "last activity: words of an earlier leave are not repeated",
  { skipOn: ["prosody"], why: "ours" },
  async ({ connect }) => {
    const { romeo, juliet } = await lovers(connect);
    await juliet.sends("<presence type='unavailable'><status>Heading Home</status></presence>");
    await juliet.sends("<presence/>");
    await juliet.settles();
    await juliet.drop();
    await romeo.sends(ask("juliet@example.com"));
    const answer = await answerOf(romeo, "last1");
    assert.equal(answer.elements[0]!.text, "");
  },
);

scenario("last activity: a contact that is connected was active now (§3)", async ({ connect }) => {
  const { romeo } = await lovers(connect);
  await romeo.sends(ask("juliet@example.com"));
  const answer = await answerOf(romeo, "last1");
  assert.equal(answer.elements[0]!.attrs.seconds, "0");
  assert.equal(answer.elements[0]!.text, "");
});

const forbidden = `<error type='auth'><forbidden xmlns='${stanzaErrors}'/></error>`;

scenario("last activity: strangers learn nothing of an account (§3, §8)", async ({ connect, account }) => {
  await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await account("nurse@example.com");
  for (const to of ["juliet@example.com", "nurse@example.com"]) {
    await romeo.exchange(ask(to), `<iq type='error' from='${to}' id='last1'>${forbidden}</iq>`);
  }
});

const delivers = { skipOn: ["prosody"], why: "it delivers the question all the same" };

scenario(
  "last activity: strangers learn nothing of a client, nor whether it is there (§4, §8)",
  delivers,
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    for (const to of [juliet.toString(), "juliet@example.com/nowhere"]) {
      await romeo.exchange(ask(to), `<iq type='error' from='${to}' id='last1'>${forbidden}</iq>`);
    }
    await juliet.receivesNothing();
  },
);

scenario("last activity: the question of a contact to a client is the client's to answer (§4)", async ({ connect }) => {
  const { romeo, juliet } = await lovers(connect);
  await romeo.sends(ask(juliet.toString(), "last2"));
  await juliet.receives(`<iq type='get' from='${romeo}' id='last2'>${query}</iq>`);
  await juliet.sends(`<iq type='result' to='${romeo}' id='last2'><query xmlns='jabber:iq:last' seconds='123'/></iq>`);
  const answer = await answerOf(romeo, "last2");
  assert.equal(answer.elements[0]!.attrs.seconds, "123");
});

scenario("last activity: one's own account and clients", async ({ connect }) => {
  const balcony = await connect("juliet@example.com/balcony");
  const chamber = await connect("juliet@example.com/chamber");
  await balcony.exchange(
    ask("juliet@example.com"),
    "<iq type='result' id='last1'><query xmlns='jabber:iq:last' seconds='0'/></iq>",
  );
  await balcony.sends(ask(chamber.toString(), "last2"));
  await chamber.receives(`<iq type='get' from='${balcony}' id='last2'>${query}</iq>`);
});

scenario(
  "last activity: it goes with its account",
  { skipOn: ["prosody"], why: "needs our server from inside" },
  async ({ connect, assembly }) => {
    const { romeo, juliet } = await lovers(connect);
    await juliet.disconnect();
    await romeo.sends(ask("juliet@example.com"));
    await answerOf(romeo, "last1");
    const host = assembly.hosts.get("example.com")!;
    const departures = new Departures(host.db);
    assert.notEqual(await departures.of("juliet@example.com"), undefined);
    await host.fire(removing, { account: juliet.jid.bare });
    assert.equal(await departures.of("juliet@example.com"), undefined);
  },
);

scenario(
  "last activity: a contact that never connected has left nothing",
  { skipOn: ["prosody"], why: "needs our server from inside" },
  async ({ connect, assembly }) => {
    const { romeo, juliet } = await lovers(connect);
    await juliet.disconnect();
    await romeo.sends(ask("juliet@example.com"));
    await answerOf(romeo, "last1");
    await new Departures(assembly.hosts.get("example.com")!.db).forget("juliet@example.com");
    await romeo.sends(ask("juliet@example.com", "last2"));
    const answer = await answerOf(romeo, "last2");
    assert.match(answer.toString(), /item-not-found/);
  },
);
