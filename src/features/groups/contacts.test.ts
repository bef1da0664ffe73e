import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionTable } from "#core/directory.ts";
import type { Session } from "#core/session.ts";
import { Jid } from "#jid/jid.ts";
import { GroupContacts } from "./contacts.ts";
import { noGroups, snapshotOf } from "./snapshot.ts";
import { type See, View } from "./view.ts";

const domain = "example.com";
const known = new Map(
  ["romeo", "juliet", "nurse", "ghost"].map((user) => [user, { name: user, hidden: user === "ghost" }]),
);
const jid = (local: string) => Jid.of(local, domain);
const [romeo, juliet, ghost, stranger] = ["romeo", "juliet", "ghost", "stranger"].map(jid) as [Jid, Jid, Jid, Jid];

function viewOf(see: See, groups: Readonly<Record<string, readonly string[]>>): View {
  const chosen = Object.entries(groups).map(([id, users]) => ({ id, name: id, users: new Set(users) }));
  return new View(snapshotOf(chosen, known, { domain, before: noGroups }), see);
}

/** The contacts of a host, and what makes sessions come and go. */
function stage(see: See, groups: Readonly<Record<string, readonly string[]>>) {
  const sessions = new SessionTable();
  const contacts = new GroupContacts(domain, sessions, see);
  contacts.become(viewOf(see, groups));
  return {
    contacts,
    open(full: Jid) {
      sessions.add({ jid: full } as Session);
      contacts.opened(full);
    },
    close(full: Jid) {
      sessions.remove(sessions.find(full)!);
      contacts.closed(full);
    },
  };
}

const texts = (jids: Iterable<Jid>) => [...jids].map((one) => one.local).sort();

for (const see of ["own", "all"] as const) {
  test(`presence goes to those with sessions, once, and to nobody else (${see})`, () => {
    const { contacts, open, close } = stage(see, { one: ["romeo", "juliet", "ghost"], two: ["romeo", "juliet"] });
    open(romeo.withResource("a"));
    open(romeo.withResource("b"));
    open(ghost.withResource("c"));
    assert.deepEqual(texts(contacts.present(juliet)), ["romeo"]);
    assert.deepEqual(texts(contacts.audience(juliet)), ["ghost", "romeo"]);
    assert.deepEqual(
      [...contacts.audience(juliet)].filter((one) => !one.isBare),
      [],
    );
    assert.deepEqual(texts(contacts.audience(ghost)), []);
    assert.deepEqual(texts(contacts.present(ghost)), ["romeo"]);
    assert.deepEqual(texts(contacts.audience(stranger)), []);
    assert.deepEqual(texts(contacts.present(stranger)), see === "all" ? ["romeo"] : []);
    close(romeo.withResource("a"));
    assert.deepEqual(texts(contacts.present(juliet)), ["romeo"]);
    close(romeo.withResource("b"));
    assert.deepEqual(texts(contacts.present(juliet)), []);
    assert.deepEqual(texts(contacts.audience(juliet)), ["ghost"]);
  });
}

test("who came before a group is in it", () => {
  const { contacts, open } = stage("own", {});
  open(romeo.withResource("a"));
  assert.deepEqual(texts(contacts.present(juliet)), []);
  contacts.become(viewOf("own", { one: ["romeo", "juliet"] }));
  assert.deepEqual(texts(contacts.present(juliet)), ["romeo"]);
});

test("as long as changes are still to be told, no version stands for them", () => {
  const { contacts, open } = stage("own", { one: ["romeo"] });
  open(romeo.withResource("a"));
  const before = contacts.version(romeo);
  const view = viewOf("own", { one: ["romeo", "juliet"] });
  contacts.become(view);
  assert.deepEqual(texts(contacts.untold()), ["romeo"]);
  assert.equal(contacts.version(juliet), view.versionFor("juliet"), "who is not there needs not be told");
  const untold = contacts.version(romeo);
  assert.match(untold, /^[0-9a-f]{16}$/);
  assert.ok(![before, view.versionFor("romeo")].includes(untold));
  contacts.told("romeo");
  assert.equal(contacts.version(romeo), view.versionFor("romeo"));
  assert.deepEqual(texts(contacts.untold()), []);
});

test("who leaves before being told needs not be told", () => {
  const { contacts, open, close } = stage("own", {});
  open(romeo.withResource("a"));
  contacts.become(viewOf("own", { one: ["romeo", "juliet"] }));
  close(romeo.withResource("a"));
  open(romeo.withResource("b"));
  assert.deepEqual(texts(contacts.untold()), []);
});

test("addresses of other domains, and of the domain itself, are nobody's", () => {
  const { contacts } = stage("all", { one: ["romeo", "juliet"] });
  const namesake = Jid.parse("romeo@example.net");
  for (const other of [namesake, Jid.parse(domain)]) {
    assert.equal(contacts.version(other), "");
    assert.equal(contacts.sees(other, juliet), false);
    assert.equal(contacts.sees(juliet, other), false);
    assert.equal(contacts.find(other, juliet), undefined);
    assert.deepEqual([...contacts.visible(other)], []);
    assert.deepEqual([...contacts.present(other)], []);
    assert.deepEqual([...contacts.audience(other)], []);
  }
  assert.equal(contacts.sees(romeo.withResource("a"), juliet.withResource("b")), true);
});
