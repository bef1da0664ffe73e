import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { assemble } from "#app/assemble.ts";
import { type Logger, silent } from "#core/log.ts";
import type { Session } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { body, message, Stanza } from "#stanza/stanza.ts";
import { parseText } from "#xml/parser.ts";

const room = Jid.parse("verona@conference.example.com");
const enter = parseText("<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
const instant =
  parseText(`<iq xmlns='jabber:client' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>
  <x xmlns='jabber:x:data' type='submit'/></query></iq>`);
const many = 1_500;

test("however many are gone at once without a word, each is seen to leave once", {
  timeout: 60_000,
}, async (context) => {
  const errors: string[] = [];
  const log: Logger = { ...silent, error: (sentence) => void errors.push(sentence), child: () => log };
  const db = await openSqlite({ file: ":memory:" });
  const assembly = await assemble({
    domains: [{ name: "example.com" }],
    sections: new Map(),
    db,
    accounts: () => ({ hashes: [], exists: () => true, verify: async () => true }),
    log,
    version: "0.0.0-test",
  });
  context.after(async () => {
    await assembly.stop();
    await db.close();
  });
  const { router } = assembly.server;
  const { sessions } = assembly.hosts.get("example.com")!;
  const left: string[] = [];
  const note = ({ type, from }: Stanza) => void (type === "unavailable" && left.push(from.resource));
  const clients = Array.from({ length: many }, (_, number): Session => {
    const jid = Jid.parse(`user${number}@example.com/a`);
    const send = number === 0 ? note : () => {};
    return { jid, get: (fact) => fact.initial as never, set: () => {}, send };
  });
  for (const [number, client] of clients.entries()) {
    sessions.add(client);
    await router.route({ stanza: Stanza.of("presence", enter, client.jid, room.withResource(`n${number}`)) });
    if (number === 0) await router.route({ stanza: Stanza.of("iq", instant, client.jid, room) });
  }
  for (const client of clients.slice(1)) sessions.remove(client);
  const [juliet] = clients;
  const said = message({ type: "groupchat" }, body({}, "Where are they?"));
  await router.route({ stanza: Stanza.of("message", said, juliet!.jid, room) });
  while (left.length < many - 1 && errors.length === 0) await turn();
  assert.deepEqual(errors, []);
  assert.equal(new Set(left).size, many - 1);
  assert.equal(left.length, many - 1);
});
