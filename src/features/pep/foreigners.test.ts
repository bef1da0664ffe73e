import assert from "node:assert/strict";
import { test } from "node:test";
import { Jid } from "#jid/jid.ts";
import { Foreigners } from "./foreigners.ts";

const juliet = Jid.parse("juliet@example.com");
const mood = new Set(["mood+notify", "urn:xmpp:ping"]);

test("a contact with ever more clients takes no place from others, and the newest of its own are known", () => {
  const foreigners = new Foreigners();
  const romeo = Jid.parse("romeo@one.example/orchard");
  assert.deepEqual(foreigners.add(juliet, romeo, mood), ["mood"]);
  for (let number = 0; number < 20_001; number++) {
    foreigners.add(juliet, Jid.parse(`tybalt@two.example/${number}`), mood);
  }
  assert.deepEqual([...foreigners.interested(juliet, romeo.bare, "mood")].map(String), [`${romeo}`]);
  const known = [...foreigners.interested(juliet, Jid.parse("tybalt@two.example"), "mood")].map(String);
  assert.ok(known.length <= 100, `${known.length} clients of one contact`);
  assert.equal(known.at(-1), "tybalt@two.example/20000");
});

test("a client is reminded of what it did not want before, and of no more than it may want", () => {
  const foreigners = new Foreigners();
  const romeo = Jid.parse("romeo@one.example/orchard");
  foreigners.add(juliet, romeo, mood);
  assert.deepEqual(foreigners.add(juliet, romeo, new Set([...mood, "tune+notify"])), ["tune"]);
  const many = new Set(Array.from({ length: 500 }, (_, number) => `${number}+notify`));
  assert.ok(foreigners.add(juliet, romeo, many).length <= 100);
});

test("a client that has left is not known any more", () => {
  const foreigners = new Foreigners();
  const romeo = Jid.parse("romeo@one.example/orchard");
  foreigners.add(juliet, romeo, mood);
  foreigners.remove(juliet, romeo);
  assert.deepEqual([...foreigners.interested(juliet, romeo, "mood")], []);
  assert.deepEqual(foreigners.add(juliet, romeo, mood), ["mood"]);
});
