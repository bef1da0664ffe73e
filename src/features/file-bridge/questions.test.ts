import assert from "node:assert/strict";
import { test } from "node:test";
import type { Server } from "#core/host.ts";
import { Jid } from "#jid/jid.ts";
import type { Iq } from "#stanza/stanza.ts";
import { tag } from "#xml/element.ts";
import { Questions } from "./questions.ts";

test("who answers nothing takes no room from others", async (context) => {
  const asked: Iq[] = [];
  const server = { router: { route: ({ stanza }: { stanza: Iq }) => void asked.push(stanza) } } as unknown as Server;
  const questions = new Questions(server);
  context.after(() => questions.close());
  const payload = tag("urn:example", "x")();
  const juliet = Jid.parse("juliet@example.net/balcony");
  const silent = (count: number) => Jid.parse(`romeo@example.com/${count}`);
  let refused = 0;
  const open: Promise<unknown>[] = [];
  for (let count = 0; count < 1000; count++) {
    open.push(questions.ask(juliet, silent(count), payload, 60_000).catch(() => void refused++));
  }
  await new Promise(setImmediate);
  assert.equal(refused, 900);
  const nurse = Jid.parse("nurse@example.com/home");
  const answer = questions.ask(juliet, nurse, payload, 60_000);
  assert.equal(asked.length, 101);
  assert.ok(questions.answered(asked.at(-1)!.reply()));
  assert.equal(await answer, undefined);
  assert.ok(questions.answered(asked[0]!.reply()));
  await open[0];
  const again = questions.ask(juliet, silent(0), payload, 60_000);
  assert.ok(questions.answered(asked.at(-1)!.reply()));
  await again;
  questions.close();
  await Promise.all(open);
});
