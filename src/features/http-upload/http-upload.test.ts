import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { removing } from "#core/account.ts";
import { sql } from "#core/database.ts";
import { Jid } from "#jid/jid.ts";
import { Stanza } from "#stanza/stanza.ts";
import { parseDateTime } from "#stanza/time.ts";
import type { Client } from "#test/harness/client.ts";
import { MemoryPeople } from "#test/harness/people.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import { parseText } from "#xml/parser.ts";
import { FileError, uploadedFiles } from "./index.ts";

const ours = { skipOn: ["prosody", "service"], why: "addresses, limits and texts are ours" } satisfies ScenarioOptions;
const reserve = "1 KiB";
const xmlns = "xmlns='urn:xmpp:http:upload:0'";
const refused = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";

function settings(more: object = {}): ScenarioOptions {
  return { ...ours, settings: { "http-upload": { reserve, ...more } } };
}

function ask(attributes: string, { to = "upload.example.com", purpose = "", lang = "" } = {}): string {
  const language = lang === "" ? "" : `xml:lang='${lang}'`;
  return `<iq type='get' id='slot' to='${to}' ${language}><request ${xmlns} ${attributes}>${purpose}</request></iq>`;
}

/** As if there were a listener. */
function open({ assembly }: Stage): void {
  assembly.routes.securePort = 5443;
}

async function slot(client: Client, attributes: string, options = {}): Promise<{ put: URL; get: URL }> {
  await client.sends(ask(attributes, options));
  const element = await client.next();
  assert.equal(element.attrs.type, "result", element.toString());
  const [put, get] = element.elements[0]!.elements;
  return { put: new URL(put!.attrs.url!), get: new URL(get!.attrs.url!) };
}

async function refusal(client: Client, attributes: string, error: string, options = {}): Promise<void> {
  await client.sends(ask(attributes, options));
  await client.receives(`<iq type='error' id='slot'>${error}</iq>`);
}

async function store(stage: Stage, account: string, name: string, content: string, until?: Date) {
  const files = uploadedFiles(stage.assembly.server)!;
  const size = Buffer.byteLength(content);
  return files.store({ account, name, size, type: "text/plain", until }, Readable.from([Buffer.from(content)]));
}

scenario(
  "http-upload: the service is found, and says how large files may be",
  { ...settings({ size: "5 MiB" }) },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(
      "<iq type='get' id='1' to='example.com'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='upload.example.com' name='…'/></query></iq>",
    );
    await romeo.exchange(
      "<iq type='get' id='2' to='upload.example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      `<iq type='result' id='2' from='upload.example.com'><query xmlns='http://jabber.org/protocol/disco#info'>
       <identity category='store' type='file' name='…'/>
       <feature var='urn:xmpp:http:upload:0'/>
       <feature var='urn:xmpp:http:upload:purpose:0#message'/>
       <feature var='urn:xmpp:http:upload:purpose:0#ephemeral'/>
       <x xmlns='jabber:x:data' type='result'>
         <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:http:upload:0</value></field>
         <field var='max-file-size'><value>5242880</value></field>
       </x></query></iq>`,
    );
  },
);

scenario(
  "http-upload: a slot keeps the name of the file; only the address for PUT has a secret",
  settings(),
  async (stage) => {
    open(stage);
    const romeo = await stage.connect("romeo@example.com/orchard");
    const { put, get } = await slot(romeo, "filename='très cool.jpg' size='23456' content-type='image/jpeg'");
    assert.equal(get.protocol, "https:");
    assert.equal(get.host, "example.com:5443");
    assert.match(get.pathname, /^\/upload\/[0-9a-f]{32}\/tr%C3%A8s%20cool\.jpg$/);
    assert.equal(put.pathname, get.pathname);
    assert.equal(get.search, "");
    assert.match(put.search, /^\?slot=[\w-]{40,}\.[\w-]{43}$/);
    const other = await slot(romeo, "filename='très cool.jpg' size='23456' content-type='image/jpeg'");
    assert.notEqual(other.get.href, get.href);
  },
);

scenario(
  "http-upload: the addresses fit the name under which the client knows the server",
  { ...settings(), aliases: { "example.com": ["example.org", "münchen.example"] } },
  async (stage) => {
    open(stage);
    const romeo = await stage.connect("romeo@example.com/orchard", { face: "example.org" });
    const one = await slot(romeo, "filename='a' size='1'", { to: "upload.example.org" });
    assert.equal(one.get.host, "example.org:5443");
    assert.equal(one.put.host, "example.org:5443");
    const juliet = await stage.connect("juliet@example.com/balcony", { face: "münchen.example" });
    const two = await slot(juliet, "filename='a' size='1'", { to: "upload.münchen.example" });
    assert.equal(two.get.host, "xn--mnchen-3ya.example:5443");
    const nurse = await stage.connect("nurse@example.com/home");
    assert.equal((await slot(nurse, "filename='a' size='1'")).get.host, "example.com:5443");
  },
);

scenario(
  "http-upload: behind a reverse proxy the addresses are the proxy's",
  {
    ...settings({ url: "https://files.{domain}/x" }),
    aliases: { "example.com": ["example.org"] },
  },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard", { face: "example.org" });
    const { get } = await slot(romeo, "filename='a.txt' size='1'", { to: "upload.example.org" });
    assert.match(get.href, /^https:\/\/files\.example\.org\/x\/[0-9a-f]{32}\/a\.txt$/);
  },
);

scenario("http-upload: without a way to the files there are no slots", settings(), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await refusal(romeo, "filename='a' size='1'", `<error type='cancel'><service-unavailable ${refused}/></error>`);
});

scenario(
  "http-upload: a file that is too large is refused, and the limit told",
  settings({ size: "20 kB" }),
  async (stage) => {
    open(stage);
    const romeo = await stage.connect("romeo@example.com/orchard");
    await slot(romeo, "filename='a' size='20000'");
    for (const size of ["20001", "9".repeat(16), "9".repeat(400)]) {
      await refusal(
        romeo,
        `filename='a' size='${size}'`,
        `<error type='modify'><not-acceptable ${refused}/>
         <text ${refused}>Le fichier est trop volumineux : le plus gros qui puisse être envoyé fait 19,5 Kio.</text>
         <file-too-large ${xmlns}><max-file-size>20000</max-file-size></file-too-large></error>`,
        { lang: "fr" },
      );
    }
  },
);

scenario("http-upload: requests that say nothing sensible are refused", settings(), async (stage) => {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  for (const attributes of [
    "size='1'",
    "filename='' size='1'",
    `filename='${"a".repeat(1024)}' size='1'`,
    "filename='a'",
    "filename='a' size=''",
    "filename='a' size='0'",
    "filename='a' size='-1'",
    "filename='a' size='1e3'",
    "filename='a' size='1.5'",
    "filename='a' size='1' content-type='image'",
    "filename='a' size='1' content-type='image/jpeg&#10;X: y'",
  ]) {
    await refusal(romeo, attributes, `<error type='modify'><bad-request ${refused}/></error>`);
  }
  for (const time of ["", "expire-before='tomorrow'", "expire-before='2020-01-01T00:00:00Z'"]) {
    const purpose = `<ephemeral xmlns='urn:xmpp:http:upload:purpose:0' ${time}/>`;
    await refusal(romeo, "filename='a' size='1'", `<error type='modify'><bad-request ${refused}/></error>`, {
      purpose,
    });
  }
});

scenario(
  "http-upload: who has used up the quota is told when there will be room",
  settings({ quota: "10 B", keep: "2 days" }),
  async (stage) => {
    open(stage);
    const romeo = await stage.connect("romeo@example.com/orchard");
    const file = await store(stage, "romeo@example.com", "a", "123456");
    await slot(romeo, "filename='a' size='3'");
    await romeo.sends(ask("filename='a' size='2'"));
    const element = await romeo.receives(
      `<iq type='error'><error type='wait'><resource-constraint ${refused}/><retry ${xmlns} stamp='…'/></error></iq>`,
    );
    const retry = element.elements.find(({ name }) => name === "error")!.elements.find(({ name }) => name === "retry");
    assert.equal(parseDateTime(retry!.attrs.stamp!)?.getTime(), file.created + 2 * 86_400_000);
    await slot(romeo, "filename='a' size='1'"); // it fits exactly
    const juliet = await stage.connect("juliet@example.com/balcony");
    await slot(juliet, "filename='a' size='10'");
  },
);

scenario("http-upload: slots that nobody uses are few", settings({ pending: 2 }), async (stage) => {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  for (let i = 0; i < 2; i++) await slot(romeo, "filename='a' size='1'");
  await refusal(
    romeo,
    "filename='a' size='1'",
    `<error type='wait'><resource-constraint ${refused}/><retry ${xmlns} stamp='…'/></error>`,
  );
});

scenario(
  "http-upload: a disk that is nearly full takes nothing",
  settings({ reserve: "1000000 GiB" }),
  async (stage) => {
    open(stage);
    const romeo = await stage.connect("romeo@example.com/orchard");
    await refusal(
      romeo,
      "filename='a' size='1'",
      `<error type='wait'><resource-constraint ${refused}/><retry ${xmlns} stamp='…'/></error>`,
    );
  },
);

scenario(
  "http-upload: members of a group have the quota of the group",
  {
    ...settings({ quota: "5 B", quotas: { Staff: "10 B", Guests: "1 B" } }),
    people: {
      "example.com": new MemoryPeople(
        [
          { user: "romeo", displayName: "Roméo" },
          { user: "juliet", displayName: "Juliette" },
        ],
        [
          { id: "1", name: "Staff", members: new Set(["romeo"]) },
          { id: "2", name: "Guests", members: new Set(["romeo"]) },
        ],
      ),
    },
  },
  async (stage) => {
    open(stage);
    const romeo = await stage.connect("romeo@example.com/orchard");
    const juliet = await stage.connect("juliet@example.com/balcony");
    const full = `<error type='wait'><resource-constraint ${refused}/></error>`;
    await refusal(romeo, "filename='a' size='11'", full);
    await slot(romeo, "filename='a' size='10'");
    await refusal(juliet, "filename='a' size='6'", full);
    await slot(juliet, "filename='a' size='5'");
  },
);

scenario(
  "http-upload: accounts of this server upload, others only if their domain is named",
  { ...settings({ domains: ["example.edu"] }), domains: ["example.com", "example.net"] },
  async (stage) => {
    open(stage);
    const benvolio = await stage.connect("benvolio@example.net/street");
    const { get } = await slot(benvolio, "filename='a' size='1'");
    assert.equal(get.host, "example.com:5443");
    const { server } = stage.assembly;
    const files = uploadedFiles(server);
    assert.equal(files, uploadedFiles(server));
    for (const [from, type] of [
      ["tybalt@example.edu/x", "result"],
      ["tybalt@example.info/x", "error"],
      ["example.edu", "error"],
    ] as const) {
      assert.equal(await answerTo(stage, from), type, from);
    }
  },
);

/** How a request from elsewhere ends: the reply leaves by the router's way to other servers. */
async function answerTo({ assembly }: Stage, from: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  assembly.server.router.remote = ({ stanza }) => resolve(stanza.type);
  const element = parseText(ask("filename='a' size='1'").replace("<iq", "<iq xmlns='jabber:client'"));
  void assembly.server.router.route({
    stanza: Stanza.of("iq", element, Jid.parse(from), Jid.parse("upload.example.com")),
  });
  return promise;
}

scenario(
  "http-upload: files go with their account, and so does what it was about to upload",
  settings(),
  async (stage) => {
    const files = uploadedFiles(stage.assembly.server)!;
    await stage.account("romeo@example.com");
    await stage.account("juliet@example.com");
    const [one, two] = [
      await store(stage, "romeo@example.com", "a", "1"),
      await store(stage, "juliet@example.com", "a", "1"),
    ];
    const slot = await files.reserve({ account: "romeo@example.com", name: "b", size: 1 });
    const underWay = new Readable({ read() {} });
    const put = files.put(await files.reserve({ account: "romeo@example.com", name: "c", size: 1 }), underWay);
    const cut = assert.rejects(put, (error) => error instanceof FileError && error.reason === "no-account");
    const host = stage.assembly.hosts.get("example.com")!;
    const romeo = Jid.parse("romeo@example.com");
    await host.accounts.admin?.remove("romeo");
    await host.fire(removing, { account: romeo });
    underWay.push("x");
    underWay.push(null);
    await cut;
    assert.equal(await files.find(one.id), undefined);
    assert.equal(await files.read(one.id), undefined);
    assert.ok(await files.find(two.id));
    await assert.rejects(files.put(slot, Readable.from(["x"])), { reason: "no-account" });
  },
);

scenario("http-upload: files end in time, ephemeral ones before", settings({ keep: "1 day" }), async (stage) => {
  const files = uploadedFiles(stage.assembly.server)!;
  const { db } = stage.assembly.hosts.get("example.com")!;
  await stage.account("romeo@example.com");
  const soon = new Date(Date.now() + 3_600_000);
  const [old, brief, fresh] = [
    await store(stage, "romeo@example.com", "a", "1"),
    await store(stage, "romeo@example.com", "b", "1", soon),
    await store(stage, "romeo@example.com", "c", "1"),
  ];
  assert.equal(files.ends(brief), soon.getTime());
  assert.equal(files.ends(fresh), fresh.created + 86_400_000);
  await db.run(sql`update uploaded_file set created = created - 90000000 where id = ${old.id}`);
  await db.run(sql`update uploaded_file set until = ${Date.now()} where id = ${brief.id}`);
  for (const { id } of [old, brief]) assert.equal(await files.find(id), undefined, "not there any more, swept or not");
  await files.sweep(new AbortController().signal);
  for (const { id } of [old, brief]) assert.equal(await files.read(id), undefined);
  const rest = await files.read(fresh.id);
  assert.ok(rest);
  rest.destroy();
  assert.equal((await db.all(sql`select id from uploaded_file`)).length, 1);
});

scenario("http-upload: a bridge stores files and makes links to them", settings(), async (stage) => {
  open(stage);
  await stage.account("romeo@example.com");
  const files = uploadedFiles(stage.assembly.server)!;
  const file = await store(stage, "romeo@example.com", "../../été.txt", "bonjour");
  assert.equal(file.name, "_.._été.txt");
  assert.equal(
    Buffer.from(file.sha256).toString("hex"),
    "2cb4b1431b84ec15d35ed83bb927e27e8967d75f4bcd9cc4b25c8d879ae23e18",
  );
  const link = files.link(file, "example.com")!;
  assert.equal(link, `https://example.com:5443/upload/${file.id}/_.._%C3%A9t%C3%A9.txt`);
  assert.equal((await files.linked(link))?.id, file.id);
  for (const other of [
    link.replace("https", "http"),
    `${link}/x`,
    link.replace(/.txt$/, ".exe"),
    link.replace(/upload.[0-9a-f]/, "upload/x"),
    link.replace("example.com", "example.org"),
  ]) {
    assert.equal(await files.linked(other), undefined, other);
  }
  await assert.rejects(files.store({ account: "romeo@example.com", name: "a", size: 3 }, Readable.from(["ab"])), {
    reason: "incomplete",
  });
  await assert.rejects(files.store({ account: "romeo@example.com", name: "a", size: 1 }, Readable.from(["ab"])), {
    reason: "incomplete",
  });
  assert.ok(await files.remove(file.id));
  assert.equal(await files.remove(file.id), false);
  assert.equal(await files.linked(link), undefined);
});

for (const [archive, keep, days] of [
  ["60 days", {}, 60],
  ["1 day", {}, 7],
  ["0 days", {}, 7],
  ["60 days", { keep: "2 days" }, 2],
] as const) {
  scenario(
    `http-upload: files are kept for ${days} days where messages are for ${archive}${"keep" in keep ? ", by their own setting" : ""}`,
    { ...ours, settings: { "http-upload": { reserve, ...keep }, mam: { keep: archive } } },
    async ({ assembly }) => assert.equal(uploadedFiles(assembly.server)?.keepMs, days * 86_400_000),
  );
}
