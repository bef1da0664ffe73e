import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Changes } from "./changes.ts";
import { type Chosen, type Known, noGroups, type Snapshot, snapshotOf } from "./snapshot.ts";
import { type See, View } from "./view.ts";

const domain = "example.com";
const users = ["a", "b", "c", "d", "e"] as const;

const groupNamed = (id: string): fc.Arbitrary<Chosen> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constantFrom("One", "Two"),
    users: fc.uniqueArray(fc.constantFrom(...users)).map((list): ReadonlySet<string> => new Set(list)),
  });
const groups = fc
  .tuple(...["x", "y", "z"].map((id) => fc.option(groupNamed(id), { nil: undefined })))
  .map((list) => list.filter((one) => one !== undefined));
const people: fc.Arbitrary<ReadonlyMap<string, Known>> = fc
  .tuple(
    ...users.map((user) =>
      fc.record({ name: fc.constantFrom("", `Old ${user}`, `New ${user}`), hidden: fc.boolean(), there: fc.boolean() }),
    ),
  )
  .map((list) => new Map(list.flatMap((known, index) => (known.there ? [[users[index]!, known] as const] : []))));
const moments = fc.tuple(groups, people, groups, people, fc.constantFrom<See[]>("own", "all"));

function views([oldGroups, oldPeople, newGroups, newPeople, see]: [
  Chosen[],
  ReadonlyMap<string, Known>,
  Chosen[],
  ReadonlyMap<string, Known>,
  See,
]): [View, View] {
  const before: Snapshot = snapshotOf(oldGroups, oldPeople, { domain, before: noGroups });
  const after: Snapshot = snapshotOf(newGroups, newPeople, { domain, before });
  return [new View(before, see), new View(after, see)];
}

test("the changes of everybody are the differences between two moments, no more and no less", () => {
  fc.assert(
    fc.property(moments, (drawn) => {
      const [before, after] = views(drawn);
      const changes = new Changes(before, after);
      for (const user of users) {
        const found = new Map(changes.for(user).map((change) => [change.contact.local, change]));
        for (const other of users) {
          const jid = (after.snapshot.members.get(other) ?? before.snapshot.members.get(other))?.jid;
          const was = jid && before.relation(user, other, jid);
          const is = jid && after.relation(user, other, jid);
          // Who merely sees somebody that does not see it is in nobody's list: such a change need not be found.
          if (was?.subscription !== "from" && is?.subscription !== "from") {
            assert.deepEqual(
              [found.get(other)?.before, found.get(other)?.after],
              same(was, is) ? [undefined, undefined] : [was, is],
            );
          }
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("the version of what somebody sees changes whenever that does", () => {
  fc.assert(
    fc.property(moments, (drawn) => {
      const [before, after] = views(drawn);
      for (const user of users) {
        const was = [...before.seenBy(user)].map(({ user: other, jid }) => before.relation(user, other, jid));
        const is = [...after.seenBy(user)].map(({ user: other, jid }) => after.relation(user, other, jid));
        const order = (list: typeof was) => JSON.stringify(list.map((one) => JSON.stringify(one)).sort());
        if (order(was) !== order(is)) assert.notEqual(before.versionFor(user), after.versionFor(user));
      }
    }),
    { numRuns: 1000 },
  );
});

test("what has not changed is the same object", () => {
  const known = new Map<string, Known>(users.map((user) => [user, { name: user, hidden: false }]));
  const x: Chosen = { id: "x", name: "X", users: new Set(["a", "b"]) };
  const y: Chosen = { id: "y", name: "Y", users: new Set(["b", "c"]) };
  const one = snapshotOf([x, y], known, { domain, before: noGroups });
  const two = snapshotOf([x, { ...y, users: new Set(["b"]) }], known, { domain, before: one });
  assert.equal(two.groups.get("x"), one.groups.get("x"));
  assert.notEqual(two.groups.get("y"), one.groups.get("y"));
  assert.equal(two.members.get("b"), one.members.get("b"));
  assert.equal(one.groups.get("x")!.members.get("b"), one.groups.get("y")!.members.get("b"));
  const view = new View(two, "own");
  const [first, second] = [...view.seenBy("a")].map(({ user, jid }) => view.relation("a", user, jid)!);
  assert.equal(second, undefined);
  assert.equal(first!.groups, two.groups.get("x")!.names);
});

test("logins that are nobody's, or no part of an address, are left out", () => {
  const known = new Map<string, Known>([
    ["a", { name: "A", hidden: false }],
    ["b c", { name: "B", hidden: false }],
  ]);
  const snapshot = snapshotOf([{ id: "x", name: "X", users: new Set(["a", "b c", "d"]) }], known, {
    domain,
    before: noGroups,
  });
  assert.deepEqual([...snapshot.members.keys()], ["a"]);
});

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
