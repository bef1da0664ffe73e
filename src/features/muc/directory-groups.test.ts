import assert from "node:assert/strict";
import { MemoryPeople } from "#test/harness/people.ts";
import { scenario } from "#test/harness/scenario.ts";
import { entering, enters, failed, listed, request, room, seen } from "./room.fixture.ts";

const group = (name: string, ...members: readonly string[]) => ({ id: `cn=${name}`, name, members: new Set(members) });
const fresh = () => ({
  people: {
    "example.com": new MemoryPeople(
      [{ user: "romeo" }, { user: "juliet" }, { user: "nurse" }],
      [group("Physics", "romeo", "juliet"), group("Heads", "romeo"), group("Others", "nurse")],
    ),
  },
  settings: {
    muc: {
      permanent: [
        { room: "verona", "members-only": true, "owner-groups": ["Heads"], "member-groups": ["cn=Physics", "Nowhere"] },
      ],
    },
  },
  skipOn: ["prosody"],
  why: "ours alone",
});
const item = (affiliation: string, jid: string) => `<item affiliation='${affiliation}' jid='${jid}'/>`;
const list = (affiliation: string, ...items: readonly string[]) =>
  `<iq type='result' id='q'><query xmlns='http://jabber.org/protocol/muc#admin'>${items.map((jid) => item(affiliation, jid)).join("")}</query></iq>`;

scenario("groups of the directory own a room and are its members", fresh(), async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await enters(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(seen("Juliet", "affiliation='member' role='participant'"));
  await nurse.exchange(entering("Nurse"), failed("presence", "registration-required"));
  await romeo.exchange(request("get", "admin", "<item affiliation='owner'/>"), list("owner", "romeo@example.com"));
  await romeo.exchange(request("get", "admin", "<item affiliation='member'/>"), list("member", "juliet@example.com"));
  await romeo.exchange(
    `<iq type='get' id='i' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    `<iq type='result' id='i'><query xmlns='http://jabber.org/protocol/disco#info'><x xmlns='jabber:x:data'>
      <field var='muc#roominfo_ldapgroup'><value>cn=Physics</value></field></x></query></iq>`,
  );
  // The form of owners has only those whom they have named.
  const form = await romeo.exchange(request("get", "owner", ""), "<iq type='result' id='q'/>");
  assert.ok(!form.toString().includes("romeo@example.com</value>"));
  const refused = await romeo.exchange(
    request("set", "admin", "<item jid='juliet@example.com' affiliation='none'/>"),
    "<iq type='error' id='q'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  assert.match(refused.toString(), /directory/);
  // A ban holds for a member all the same.
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='outcast'/>"));
  await juliet.receives(seen("Juliet", "affiliation='outcast'", [110, 301], "unavailable"));
});

const changing = fresh();
scenario("a change in the directory reaches those who are in the room", changing, async ({ connect }) => {
  const people = changing.people["example.com"];
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await enters(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(seen("Juliet", "affiliation='member'"));
  people.change({ groups: [group("Heads", "juliet"), group("Physics", "romeo", "nurse")] });
  await romeo.receives(listed("nurse@example.com", "member"));
  await romeo.receives(seen("Romeo", "affiliation='member' role='participant'", [110]));
  await romeo.receives(seen("Juliet", "affiliation='owner' role='moderator'"));
  await enters(nurse, "Nurse", ["Romeo", "Juliet"]);
  await romeo.receives(seen("Nurse", "affiliation='member'"));
  people.change({ groups: [group("Heads", "juliet"), group("Physics")] });
  const out = (nick: string, ...codes: readonly number[]) =>
    seen(nick, "affiliation='none' role='none'", codes, "unavailable");
  await romeo.receives(out("Romeo", 110, 321));
  await nurse.receives(out("Romeo", 321));
  await nurse.receives(out("Nurse", 110, 321));
  await romeo.exchange(entering("Romeo"), failed("presence", "registration-required"));
});

const failing = fresh();
scenario("while the directory does not answer a room stays as it is", failing, async ({ connect }) => {
  const people = failing.people["example.com"];
  const juliet = await connect("juliet@example.com/balcony");
  people.groups = () => Promise.reject(new Error("never asked"));
  people.change({ persons: [{ user: "juliet" }] });
  await enters(juliet, "Juliet");
});
