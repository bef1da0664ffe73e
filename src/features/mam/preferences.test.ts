import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { ask } from "./archive.fixture.ts";

const ours = { skipOn: ["prosody"], why: "ours alone" };

scenario("preferences: they are kept, and obeyed (XEP-0441)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(
    "<iq type='get' id='juliet2'><prefs xmlns='urn:xmpp:mam:2'/></iq>",
    "<iq type='result' id='juliet2'><prefs xmlns='urn:xmpp:mam:2' default='always'><always/><never/></prefs></iq>",
  );
  const prefs = (standard: string, always: string[], never: string[]) => {
    const items = (jids: string[]) => jids.map((jid) => `<jid>${jid}</jid>`).join("");
    return `<prefs xmlns='urn:xmpp:mam:2' default='${standard}'><always>${items(always)}</always><never>${items(never)}</never></prefs>`;
  };
  const set = async (standard: string, always: string[] = [], never: string[] = []) => {
    const wanted = prefs(standard, always, never);
    await juliet.exchange(`<iq type='set' id='s'>${wanted}</iq>`, `<iq type='result' id='s'>${wanted}</iq>`);
    await juliet.exchange(
      "<iq type='get' id='g'><prefs xmlns='urn:xmpp:mam:2'/></iq>",
      `<iq type='result' id='g'>${wanted}</iq>`,
    );
  };
  let number = 0;
  const keeps = async () => {
    const body = `message ${++number}`;
    await romeo.sends(`<message to='juliet@example.com' type='chat'><body>${body}</body></message>`);
    await juliet.receives(`<message><body>${body}</body></message>`);
    assert.equal((await ask(romeo)).bodies.at(-1), body); // his archive is his own
    return (await ask(juliet)).bodies.includes(body);
  };
  assert.equal(await keeps(), true);
  await set("never");
  assert.equal(await keeps(), false);
  await set("never", ["romeo@example.com"]);
  assert.equal(await keeps(), true);
  await set("never", [`${romeo}`]);
  assert.equal(await keeps(), true);
  await set("never", ["romeo@example.com/elsewhere"]);
  assert.equal(await keeps(), false);
  await set("always", [], ["romeo@example.com"]);
  assert.equal(await keeps(), false);
  await set("roster");
  assert.equal(await keeps(), false);
  await juliet.exchange(
    "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@example.com'/></query></iq>",
    "<iq type='result' id='r'/>",
  );
  assert.equal(await keeps(), true);
  for (const [wrong, condition] of [
    ["<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>", "bad-request"],
    ["<prefs xmlns='urn:xmpp:mam:2' default='never'><never><jid>@</jid></never></prefs>", "jid-malformed"],
  ]) {
    await juliet.exchange(
      `<iq type='set' id='w'>${wrong}</iq>`,
      `<iq type='error' id='w'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
    );
  }
});

scenario(
  "preferences: what the administrator sets is where people begin",
  { ...ours, settings: { mam: { default: "never" } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await romeo.sends(`<message to='${juliet}' type='chat'><body>x</body></message>`);
    const message = await juliet.receives("<message/>");
    assert.equal(
      message.elements.some((child) => child.name === "stanza-id"),
      false,
    );
    assert.deepEqual((await ask(romeo)).bodies, []);
  },
);
