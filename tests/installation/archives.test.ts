import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Installation } from "./installation.ts";
import { type LoggedIn, logIn } from "./log-in.ts";

const mine = "romeo@example.com";
const room = "verona@conference.example.com";

const settings = `
domains: [{ name: example.com }]
listen: [{ port: 0, address: 127.0.0.1 }]
muc: { permanent: [{ room: verona }] }
`;

async function installed(context: TestContext) {
  const installation = new Installation(context, settings);
  const parloir = async (...words: string[]) => {
    const { code, output, errors } = await installation.parloir(["archive", ...words]);
    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    return output;
  };
  for (const name of ["romeo", "juliet"]) await installation.parloir(["user", "add", name], "pencil");
  return { installation, parloir };
}

async function romeo(installation: Installation, port: number): Promise<LoggedIn> {
  const ca = join(installation.data, "certificates", "example.com.crt");
  return logIn({ port, ca, domain: "example.com", user: "romeo", password: "pencil" });
}

/** Two messages to Juliet, and one in a room. */
async function talk(client: LoggedIn): Promise<void> {
  for (const text of ["one", "two"]) {
    client.send(`<message to='juliet@example.com' type='chat'><body>${text}</body></message>`);
  }
  client.send(`<presence to='${room}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  client.send(`<message to='${room}' type='groupchat'><body>three</body></message>`);
  // Stanzas are handled in order: all has come when this is answered.
  await client.asks("<iq type='get' id='p' to='example.com'><ping xmlns='urn:xmpp:ping'/></iq>");
}

test("archives are weighed, kept for another time and removed while the service runs", async (context) => {
  const { installation, parloir } = await installed(context);
  const service = await installation.start();
  const client = await romeo(installation, service.port);
  await talk(client);
  const day = new Date().toISOString().slice(0, 10);
  const usage = await parloir("usage");
  assert.match(usage, new RegExp(`^ +\\d+ B +2 messages {2}romeo@example\\.com, since ${day}$`, "m"));
  assert.match(usage, new RegExp(`^ +\\d+ B +1 message {3}${room}, since ${day}$`, "m"));
  assert.match(usage, /^ +\S+ \S+ +5 messages {2}together$/m);
  const told = JSON.parse(await parloir("usage", "romeo", "--json")) as { archives: { address: string }[] };
  assert.deepEqual(
    told.archives.map(({ address }) => address),
    [mine],
  );
  const defaults = "accounts  30 days\nrooms     30 days\neach      1000000 messages at most\n";
  assert.equal(await parloir("retention"), defaults);
  assert.equal(await parloir("retention", room, "forever"), `${room}  for ever\n`);
  assert.equal(await parloir("retention", "romeo", "90d"), `${mine}  90 days\n`);
  assert.match(await parloir("retention"), /^romeo@example\.com +90 days\nverona@\S+ {2}for ever$/m);
  assert.deepEqual(JSON.parse(await parloir("retention", "--json")), {
    accounts: 2_592_000_000,
    rooms: 2_592_000_000,
    quota: 1_000_000,
    exceptions: [
      { address: mine, keep: 7_776_000_000 },
      { address: room, keep: null },
    ],
  });
  assert.equal(await parloir("purge", mine, "--before", "2021-01-01"), `${mine}: 0 messages removed\n`);
  assert.equal(await parloir("purge", mine), `${mine}: 2 messages removed\n`);
  assert.match(await parloir("usage", "juliet"), / 2 messages /, "her copies stay");
  assert.equal(await parloir("retention", mine, "0"), `${mine}  nothing is kept\n`);
  await talk(client);
  assert.match(await parloir("usage", mine), / 0 messages /);
  assert.match(await parloir("usage", "juliet"), / 4 messages /);
  client.close();
  assert.equal(await service.stop(), 0);
});

test("what was said of archives holds while the service is stopped, and after", async (context) => {
  const { installation, parloir } = await installed(context);
  assert.equal(await parloir("retention", "juliet", "0"), "juliet@example.com  nothing is kept\n");
  const service = await installation.start();
  const client = await romeo(installation, service.port);
  await talk(client);
  client.close();
  await service.stop();
  assert.match(await parloir("usage", "juliet"), / 0 messages /);
  assert.match(await parloir("usage", mine), / 2 messages /);
  assert.equal(await parloir("retention", "juliet", "default"), "juliet@example.com  30 days\n");
  assert.equal(await parloir("purge", mine), `${mine}: 2 messages removed\n`);
  await installation.parloir(["user", "delete", "romeo"]);
  assert.equal(
    await parloir("retention"),
    "accounts  30 days\nrooms     30 days\neach      1000000 messages at most\n",
  );
});

test("what is typed wrong about archives says what to do", async (context) => {
  const installation = new Installation(context);
  const cases: readonly [words: readonly string[], code: number, errors: RegExp][] = [
    [["retention", "romeo", "soon"], 2, /soon: expected a time such as 90d or 12h, 0 for nothing, forever or default/],
    [["retention", "romeo@elsewhere.example", "90d"], 1, /elsewhere\.example is not a domain of this server/],
    [["purge", "romeo", "--before", "yesterday"], 2, /expected a day such as 2026-01-31/],
    [["purge", "romeo", "--before", "2026-02-31T99:00Z"], 2, /expected a day/],
    [["purge"], 2, /missing required argument 'address'/],
    [["usage", "romeo@example.com/home"], 2, /expected name@domain/],
  ];
  for (const [words, code, errors] of cases) {
    const said = await installation.parloir(["archive", ...words]);
    assert.match(said.errors, errors, words.join(" "));
    assert.equal(said.code, code);
  }
});
