import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { MemoryPeople } from "#test/harness/people.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
import { group, push, rosterGet, rosterIs, showing } from "./institute.fixture.ts";

const size = 500;
const logins = Array.from({ length: size }, (_, index) => `p${index}`);
const large = new MemoryPeople(
  [...logins, "newcomer"].map((user) => ({ user, displayName: user.toUpperCase() })),
  [group("Physics", ...logins)],
);

/** What something costs: queries of the database by kind, stanzas through the router, questions to the directory. */
async function costs(assembly: Stage["assembly"], context: TestContext, work: () => Promise<void>): Promise<number[]> {
  const { db } = assembly.hosts.get("example.com")!;
  const mocks = [
    ...(["all", "one", "run", "batch", "transaction"] as const).map((name) => context.mock.method(db, name)),
    context.mock.method(assembly.server.router, "route"),
  ];
  const asked = large.asked.find;
  await work();
  const counts = mocks.map((mock) => {
    const count = mock.mock.callCount();
    mock.mock.restore();
    return count;
  });
  return [...counts, large.asked.find - asked];
}

scenario(
  `groups: a login costs as many queries and routed stanzas in a group of ${size} as without`,
  showing(large),
  async ({ connect, assembly }, context) => {
    const present = await Promise.all(["p1", "p2", "p3"].map((user) => connect(`${user}@example.com/home`)));
    for (const client of present) {
      for (const other of present) if (other !== client) await client.receives("<presence/>");
      await client.exchange(rosterGet, rosterIs());
    }
    const sent: number[] = [];
    const logIn = (user: string, others: number) => async () => {
      const client = await connect(`${user}@example.com/home`);
      for (let count = 0; count < others; count++) await client.receives("<presence/>");
      const roster = await client.exchange(rosterGet, rosterIs());
      sent.push(roster.elements[0]!.elements.length);
      await client.receivesNothing();
    };
    const alone = await costs(assembly, context, logIn("stranger", 0));
    const member = await costs(assembly, context, logIn("p0", present.length));
    assert.deepEqual(sent, [0, size - 1]);
    assert.deepEqual(member, alone);
    for (const client of present) await client.receives("<presence from='p0@example.com/home'/>");
    for (const client of present) await client.receivesNothing();
  },
);

const changing = new MemoryPeople(
  [...logins, "newcomer"].map((user) => ({ user, displayName: user })),
  [group("Physics", ...logins)],
);

scenario(
  `groups: one newcomer among ${size} is one push to each who is there`,
  showing(changing),
  async ({ connect, assembly }, context) => {
    const present = await Promise.all(["p1", "p2", "p3"].map((user) => connect(`${user}@example.com/home`)));
    for (const client of present) {
      for (const other of present) if (other !== client) await client.receives("<presence/>");
      await client.exchange(rosterGet, rosterIs());
    }
    const asked = changing.asked.find;
    const cost = await costs(assembly, context, async () => {
      changing.change({ groups: [group("Physics", ...logins, "newcomer")] });
      for (const client of present) {
        await client.receives(push("<item jid='newcomer@example.com' subscription='both'/>"));
      }
    });
    assert.equal(
      cost.slice(0, 5).reduce((sum, count) => sum + count),
      0,
    );
    assert.equal(changing.asked.find - asked, 1);
    for (const client of present) await client.receivesNothing();
    const newcomer = await connect("newcomer@example.com/home");
    for (const _ of present) await newcomer.receives("<presence/>");
    assert.equal((await newcomer.exchange(rosterGet, rosterIs())).elements[0]!.elements.length, size);
  },
);
