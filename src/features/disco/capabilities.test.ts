import assert from "node:assert/strict";
import type { Host } from "#core/host.ts";
import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { learned } from "./capabilities.ts";
import { disco } from "./disco.ts";

const ours = { skipOn: ["prosody"], why: "looks into our server" };
const node = "http://code.google.com/p/exodus";
const ver = "QgayPKawpkPSDYmwT/WM94uAlu0=";
const base = ["caps", "disco#info", "disco#items", "muc"].map((name) => `http://jabber.org/protocol/${name}`);
const told = `<identity category='client' name='Exodus 0.9.1' type='pc'/>${base.map((name) => `<feature var='${name}'/>`).join("")}`;

function presence(what = ver, hash = "sha-1"): string {
  const attribute = hash === "" ? "" : `hash='${hash}'`;
  return `<presence><c xmlns='http://jabber.org/protocol/caps' ${attribute} node='${node}' ver='${what}'/></presence>`;
}

/** The question of the server to a client. */
async function asked(client: Client, what = ver) {
  return client.receives(
    `<iq type='get' from='example.com' to='${client}' id='…'>
      <query xmlns='http://jabber.org/protocol/disco#info' node='${node}#${what}'/></iq>`,
  );
}

async function answers(client: Client, question: { attrs: Readonly<Record<string, string>> }, content = told) {
  await client.sends(
    `<iq type='result' to='example.com' id='${question.attrs.id}'>
      <query xmlns='http://jabber.org/protocol/disco#info'>${content}</query></iq>`,
  );
  await client.settles();
}

async function featuresOf({ assembly }: Pick<Stage, "assembly">, client: Client): Promise<string[] | undefined> {
  const host = assembly.hosts.get(client.jid.domain)!;
  let found: ReadonlySet<string> | undefined;
  const setup = (view: Host) => {
    found = view.use(disco).featuresOf(host.sessions.find(client.jid)!);
  };
  await host.start({ name: "reader", xeps: [], setup }, undefined);
  return found && [...found];
}

scenario("caps: a client is asked once, and all who announce the same are known", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: presence() });
  assert.equal(await featuresOf(stage, romeo), undefined);
  await answers(romeo, await asked(romeo));
  assert.deepEqual(await featuresOf(stage, romeo), base);
  const nurse = await stage.connect("nurse@example.com/chamber", { presence: presence() });
  await nurse.receivesNothing();
  assert.deepEqual(await featuresOf(stage, nurse), base);
  await romeo.sends(presence());
  await romeo.receivesNothing();
});

scenario("caps: while one is asked, others wait with it", ours, async (stage) => {
  const seen: string[] = [];
  stage.assembly.hosts
    .get("example.com")!
    .hooks.on(learned, "copy", ({ session }) => void seen.push(session.jid.toString()));
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: presence() });
  const nurse = await stage.connect("nurse@example.com/chamber", { presence: presence() });
  await nurse.receivesNothing();
  await answers(romeo, await asked(romeo));
  assert.deepEqual(await featuresOf(stage, nurse), base);
  assert.deepEqual(seen, [romeo.toString(), nurse.toString()]);
});

scenario("caps: who answers falsely poisons nothing; the next one is asked", ours, async (stage) => {
  const tybalt = await stage.connect("tybalt@example.com/crypt", { presence: presence() });
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: presence() });
  const false_ = told.replace(/<feature var='[^']*muc'\/>/, "");
  await answers(tybalt, await asked(tybalt), false_);
  assert.equal(await featuresOf(stage, tybalt), undefined);
  await answers(romeo, await asked(romeo));
  assert.deepEqual(await featuresOf(stage, romeo), base);
});

scenario("caps: an error is no answer; a new client is asked again", ours, async (stage) => {
  const tybalt = await stage.connect("tybalt@example.com/crypt", { presence: presence() });
  const question = await asked(tybalt);
  await tybalt.sends(`<iq type='error' to='example.com' id='${question.attrs.id}'><error type='cancel'>
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
  await tybalt.settles();
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: presence() });
  await answers(romeo, await asked(romeo));
  assert.deepEqual(await featuresOf(stage, romeo), base);
});

scenario("caps: what could be read in two ways is believed of its sender alone", ours, async (stage) => {
  // The last feature told as a form: the same hash.
  const forged = told.replace(
    /<feature var='([^']*muc)'\/>/,
    "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>$1</value></field></x>",
  );
  const tybalt = await stage.connect("tybalt@example.com/crypt", { presence: presence() });
  await answers(tybalt, await asked(tybalt), forged);
  assert.deepEqual(await featuresOf(stage, tybalt), base.slice(0, 3));
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: presence() });
  await answers(romeo, await asked(romeo));
  assert.deepEqual(await featuresOf(stage, romeo), base);
});

scenario("caps: without a hash nobody is asked; with one that is unknown only for itself", ours, async (stage) => {
  const old = await stage.connect("old@example.com/x", { presence: presence("0.9", "") });
  await old.receivesNothing();
  const odd = await stage.connect("odd@example.com/x", { presence: presence("zzz", "md17") });
  await answers(odd, await asked(odd, "zzz"));
  assert.deepEqual(await featuresOf(stage, odd), base);
  const odder = await stage.connect("odder@example.com/x", { presence: presence("zzz", "md17") });
  await answers(odder, await asked(odder, "zzz"), "<feature var='other'/>");
  assert.deepEqual(await featuresOf(stage, odder), ["other"]);
});

scenario("caps: a client that changes what it announces while it is asked is asked once more", ours, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard", { presence: presence("first") });
  const question = await asked(romeo, "first");
  await romeo.sends(presence("second"));
  await romeo.sends(presence());
  await romeo.receivesNothing();
  await answers(romeo, question);
  assert.equal(await featuresOf(stage, romeo), undefined);
  await answers(romeo, await asked(romeo));
  assert.deepEqual(await featuresOf(stage, romeo), base);
});
