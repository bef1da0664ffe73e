import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";
import type { Affiliation } from "./affiliations.ts";
import { enters, instant, opens, request, room, seen, subject } from "./room.fixture.ts";
import { AffiliationVersions } from "./versions.ts";

const ours = { skipOn: ["prosody"], why: "it has no versions of affiliations" };
const mav = "urn:xmpp:muc:affiliations:1";
const affiliations: readonly Affiliation[] = ["owner", "admin", "member", "none", "outcast"];

test("a version stands for what everybody is; from any of them the changes lead to the present (XEP-0463)", () => {
  const change = fc.record({ jid: fc.constantFrom("a@x", "b@x", "c@x"), to: fc.constantFrom(...affiliations) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const now = new Map<string, Affiliation>();
      const versions = new AffiliationVersions(() => now.entries(), new Uint8Array(32));
      const seen = new Map<string, ReadonlyMap<string, Affiliation>>([[versions.current, new Map()]]);
      for (const { jid, to } of changes) {
        const before = now.get(jid) ?? "none";
        if (to === "none") now.delete(jid);
        else now.set(jid, to);
        versions.note(jid, before, to);
        seen.set(versions.current, new Map(now));
        assert.equal(new AffiliationVersions(() => now.entries(), new Uint8Array(32)).current, versions.current);
      }
      for (const [version, then] of seen) {
        const state = new Map(then);
        for (const { jid, before } of versions.since(version)!) {
          assert.equal(then.get(jid) ?? "none", before);
          const to = now.get(jid);
          if (to === undefined) state.delete(jid);
          else state.set(jid, to);
        }
        assert.deepEqual(new Map([...state].sort()), new Map([...now].sort()));
      }
    }),
  );
});

test("old changes are forgotten: the version is then not known", () => {
  const versions = new AffiliationVersions(() => []);
  const first = versions.current;
  for (let count = 0; count < 3000; count++) versions.note(`${count}@x`, "none", "member");
  assert.equal(versions.since(first), undefined);
  assert.equal(versions.since("nothing"), undefined);
  assert.deepEqual(versions.since(versions.current), []);
});

test("who does not know the key cannot try out who is in a list", () => {
  const all = () => [["romeo@example.com", "owner"]] as const;
  assert.notEqual(new AffiliationVersions(all).current, new AffiliationVersions(all).current);
});

function joining(nick: string, since?: string): string {
  const asked = since === undefined ? `<mav xmlns='${mav}'/>` : `<mav xmlns='${mav}' since='${since}'/>`;
  return `<presence to='${room}/${nick}' id='j'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/>${asked}</x></presence>`;
}
function list(attrs: string, ...items: readonly string[]): string {
  return `<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'><mav xmlns='${mav}' ${attrs}/>${items.join("")}</x></message>`;
}
const self = `<presence from='${room}/Romeo'><x xmlns='http://jabber.org/protocol/muc#user'>
  <mav xmlns='${mav}' until='…'/><status code='110'/></x></presence>`;
const leaves = `<presence to='${room}/Romeo' type='unavailable'/>`;

function versionOf(element: Element, attribute: "since" | "until"): string {
  const found = element.elements.flatMap(({ elements }) => elements).find(({ name }) => name === "mav");
  return found!.attrs[attribute]!;
}

scenario("XEP-0463 §5.2.1: the whole list, nothing, or what has changed", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const street = await connect("romeo@example.com/street", { presence: false });
  await enters(romeo, "Romeo");
  await instant(romeo);
  await street.sends(joining("Romeo"));
  const whole = await street.receives(list("until='…'", "<item jid='romeo@example.com' affiliation='owner'/>"));
  const version = versionOf(whole, "until");
  assert.equal(versionOf(await street.receives(self), "until"), version);
  await street.receives(subject());
  await street.exchange(leaves, "<presence type='unavailable'/>");
  // The present version: nothing but the presence.
  await street.sends(joining("Romeo", version));
  await street.receives(self);
  await street.receives(subject());
  await street.exchange(leaves, "<presence type='unavailable'/>");
  // The client that stays sees the other come, and itself remain, twice.
  for (let count = 0; count < 4; count++) await romeo.receives(`<presence from='${room}/Romeo'/>`);
  await romeo.sends(
    request(
      "set",
      "admin",
      "<item jid='juliet@example.com' affiliation='member'/><item jid='tybalt@example.com' affiliation='outcast'/>",
    ),
  );
  const told = await romeo.receives(
    list(
      `since='${version}' until='…'`,
      "<item jid='juliet@example.com' affiliation='member' role='none'/>",
      "<item jid='tybalt@example.com' affiliation='outcast'/>",
    ),
  );
  await romeo.receives("<iq type='result' id='q'/>");
  await street.sends(joining("Romeo", version));
  const diff = await street.receives(
    list(
      `since='${version}' until='${versionOf(told, "until")}'`,
      "<item jid='juliet@example.com' affiliation='member'/>",
      "<item jid='tybalt@example.com' affiliation='outcast'/>",
    ),
  );
  assert.ok(!diff.toString().includes("romeo@example.com'"), "what has not changed is not told");
  await street.receives(self);
  await street.receives(subject());
  await street.exchange(leaves, "<presence type='unavailable'/>");
  await street.sends(joining("Romeo", "unknown"));
  const again = await street.receives(list("until='…'", "<item jid='romeo@example.com' affiliation='owner'/>"));
  assert.equal(again.elements[0]!.elements.find(({ name }) => name === "mav")!.attrs.since, undefined);
});

scenario("XEP-0463 §5.2.2: a change of somebody who is there tells the versions", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  const entered = await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(seen("Juliet", "affiliation='none'"));
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='admin'/>"));
  const changed = await juliet.receives(seen("Juliet", "affiliation='admin'", [110]));
  assert.equal(versionOf(changed, "since"), versionOf(entered, "until"));
  assert.notEqual(versionOf(changed, "until"), versionOf(entered, "until"));
});

scenario("XEP-0463 §5.2.3: who may not read the lists enters, and is told so", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await juliet.sends(joining("Juliet"));
  await juliet.receives(
    `<message type='error' id='j' from='${room}'><error type='auth' by='${room}'>
      <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
  );
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
  await juliet.receives(seen("Juliet", "affiliation='none'", [110]));
});

scenario("XEP-0463: bans are told only to those who may read them", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await romeo.sends(`<iq type='set' id='c' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>
    <x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_whois'><value>anyone</value></field></x></query></iq>`);
  await romeo.receivesInAnyOrder(
    "<iq type='result' id='c'/>",
    "<message><x xmlns='http://jabber.org/protocol/muc#user'><status code='172'/></x></message>",
  );
  await enters(juliet, "Juliet", ["Romeo"]);
  const change = (affiliation: string) =>
    romeo.sends(request("set", "admin", `<item jid='tybalt@example.com' affiliation='${affiliation}'/>`));
  await change("outcast");
  await juliet.receivesNothing();
  await change("admin");
  await juliet.receives(list("since='…' until='…'", "<item jid='tybalt@example.com' affiliation='admin'/>"));
  await change("outcast");
  await juliet.receives(list("since='…' until='…'", "<item jid='tybalt@example.com' affiliation='none'/>"));
});
