import assert from "node:assert/strict";
import type { Query } from "#core/database.ts";
import { handled, type Outcome } from "#core/hooks.ts";
import { available, closed } from "#core/session.ts";
import { scenario } from "#test/harness/scenario.ts";
import { becameAvailable, becameUnavailable, disclosing, presence } from "./index.ts";
import { befriend, offline } from "./people.fixture.ts";

scenario(
  "presence: a client that is lost while its contact list is read never appears",
  { settings: { roster: { idle: 0 } }, skipOn: ["prosody"], why: "it slows our database down" },
  async ({ connect, assembly }, context) => {
    const host = assembly.hosts.get("example.com")!;
    const romeo = await connect("romeo@example.com/orchard");
    const before = await connect("juliet@example.com/balcony");
    await befriend(romeo, before);
    await before.disconnect();
    await offline(host, before);
    await romeo.receives("<presence type='unavailable'/>");
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    const session = host.sessions.find(juliet.jid)!;
    const read = host.db.all.bind(host.db);
    const reading = Promise.withResolvers<void>();
    const gone = new Promise<void>((resolve) => host.hooks.on(closed, "copy", () => resolve()));
    let answered: Promise<unknown> | undefined;
    const all = context.mock.method(host.db, "all", (query: Query) => {
      reading.resolve();
      answered = gone.then(() => read(query));
      return answered;
    });
    await juliet.sends("<presence/>");
    await reading.promise;
    await juliet.drop();
    await answered;
    all.mock.restore();
    await romeo.receivesNothing();
    assert.equal(session.get(available), false);
  },
);

scenario(
  "presence: other parts of the server learn who comes and goes, and what was said last",
  { skipOn: ["prosody"], why: "it looks inside" },
  async ({ connect, assembly }) => {
    const host = assembly.hosts.get("example.com")!;
    const seen: string[] = [];
    host.hooks.on(becameAvailable, "record", ({ session, stanza, initial }) => {
      seen.push(`${session.jid.resource} ${stanza.element.elements[0]?.text ?? ""} ${initial}`);
    });
    host.hooks.on(becameUnavailable, "record", ({ session }) => void seen.push(`${session.jid.resource} gone`));
    const tybalt = await connect("tybalt@example.com/street", { presence: false });
    const juliet = await connect("juliet@example.com/balcony");
    const session = host.sessions.find(juliet.jid)!;
    await juliet.exchange("<presence><show>away</show></presence>", "<presence><show>away</show></presence>");
    await juliet.exchange("<presence type='unavailable'/>", "<presence type='unavailable'/>");
    assert.equal(session.get(available), false);
    await juliet.exchange("<presence/>", "<presence/>");
    await juliet.sends(`<presence to='${tybalt}'/>`);
    await tybalt.receives(`<presence from='${juliet}'/>`);
    await juliet.drop();
    await tybalt.receives(`<presence type='unavailable' from='${juliet}'/>`);
    assert.deepEqual(seen, ["balcony  true", "balcony away false", "balcony gone", "balcony  true", "balcony gone"]);
    assert.equal(presence.name, "presence");
  },
);

scenario(
  "presence: what another part of the server holds back is not shown",
  { skipOn: ["prosody"], why: "it looks inside" },
  async ({ connect, assembly }) => {
    const host = assembly.hosts.get("example.com")!;
    const romeo = await connect("romeo@example.com/orchard");
    const nurse = await connect("nurse@example.com/room");
    const juliet = await connect("juliet@example.com/balcony");
    await befriend(romeo, juliet);
    await befriend(nurse, juliet);
    host.hooks.on(
      disclosing,
      "check",
      async ({ to }): Promise<Outcome> => (to.local === "nurse" ? handled : undefined),
    );
    host.hooks.on(disclosing, "check", ({ to }): Outcome => (to.local === "romeo" ? handled : undefined));
    await juliet.sends("<presence><show>away</show></presence>");
    await juliet.settles();
    await romeo.receivesNothing();
    await nurse.receivesNothing();
    const garden = await connect("romeo@example.com/garden");
    await garden.receives("<presence from='romeo@example.com/orchard'/>");
    await garden.receivesNothing();
  },
);

scenario(
  "presence: who is unblocked appears again, and nobody else does",
  { skipOn: ["prosody"], why: "it shows less" },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const tybalt = await connect("tybalt@example.com/street");
    const paris = await connect("paris@example.com/church");
    for (const contact of [tybalt, paris]) await befriend(juliet, contact);
    const exchange = (id: string, name: string) => {
      const list = `<${name} xmlns='urn:xmpp:blocking'><item jid='tybalt@example.com'/></${name}>`;
      return juliet.exchange(`<iq type='set' id='${id}'>${list}</iq>`, `<iq type='result' id='${id}'/>`);
    };
    await exchange("b", "block");
    await tybalt.receives("<presence type='unavailable' from='juliet@example.com/balcony'/>");
    await exchange("u", "unblock");
    await tybalt.receives("<presence from='juliet@example.com/balcony'/>");
    await juliet.receives("<presence from='tybalt@example.com/street'/>");
    await juliet.receivesNothing();
    await paris.receivesNothing();
  },
);
