import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { ask, type Client, field, form, write } from "./archive.fixture.ts";

const ours = { skipOn: ["prosody"], why: "ours alone" };

scenario("search: words in any case, without their accents, also begun (XEP-0431)", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await write(romeo, "juliet@example.com", "Où est la réunion ?", "La réunion est à 15 h", "merci");
  await write(nurse, "romeo@example.com", "pas de réunion");
  const search = async (client: Client, text: string, ...more: string[]) =>
    (await ask(client, form(field("{urn:xmpp:fulltext:0}fulltext", text), ...more))).bodies;
  assert.deepEqual(await search(romeo, "REUNION"), ["Où est la réunion ?", "La réunion est à 15 h", "pas de réunion"]);
  assert.deepEqual(await search(juliet, "reunion"), ["Où est la réunion ?", "La réunion est à 15 h"]);
  assert.deepEqual(await search(nurse, "reunion"), ["pas de réunion"]);
  assert.deepEqual(await search(romeo, "réunion 15"), ["La réunion est à 15 h"]);
  assert.deepEqual(await search(romeo, "mer"), ["merci"]);
  assert.deepEqual(await search(romeo, "reunion", field("with", "nurse@example.com")), ["pas de réunion"]);
  assert.deepEqual(await search(romeo, 'o1 OR " NEAR( merci)*'), []);
  assert.deepEqual(await search(romeo, "?!"), []);
  assert.equal((await search(romeo, "")).length, 4);
});
