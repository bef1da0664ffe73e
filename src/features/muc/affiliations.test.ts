import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Jid } from "#jid/jid.ts";
import {
  type Affiliation,
  atLeast,
  initialRole,
  type Role,
  refuseAffiliation,
  refuseRole,
  roleAfter,
  stronger,
} from "./affiliations.ts";
import { defaultConfig } from "./configuration.ts";
import { Room } from "./room.ts";
import { settings } from "./settings.ts";

const affiliations: readonly Affiliation[] = ["owner", "admin", "member", "none", "outcast"];
const roles: readonly Role[] = ["moderator", "participant", "visitor", "none"];
const affiliation = fc.constantFrom(...affiliations);
/** Affiliations of people who are in the room. */
const present = fc.constantFrom<Affiliation>("owner", "admin", "member", "none");
const role = fc.constantFrom(...roles);
/** Roles that go with an affiliation in a room: admins are moderators always (§5.1.3, note). */
const occupant = fc
  .tuple(present, fc.constantFrom<Role>("moderator", "participant", "visitor"))
  .map(([own, chosen]) => ({ affiliation: own, role: atLeast(own, "admin") ? ("moderator" as const) : chosen }));

test("§5.1.2: the table of initial roles", () => {
  const table = affiliations.map((one) => [one, initialRole(one, true), initialRole(one, false)]);
  assert.deepEqual(table, [
    ["owner", "moderator", "moderator"],
    ["admin", "moderator", "moderator"],
    ["member", "participant", "participant"],
    ["none", "visitor", "participant"],
    ["outcast", "none", "none"],
  ]);
});

test("§5.1.1: who is no moderator changes no role", () => {
  fc.assert(
    fc.property(occupant, occupant, role, (actor, target, to) => {
      fc.pre(actor.role !== "moderator");
      assert.equal(refuseRole(actor, target, to)?.condition, "forbidden");
    }),
  );
});

test("§8.2, §8.4, §9.7: nobody of a lower affiliation kicks, silences or demotes", () => {
  fc.assert(
    fc.property(occupant, occupant, role, (actor, target, to) => {
      fc.pre(actor.role === "moderator" && to !== target.role);
      fc.pre(!atLeast(actor.affiliation, target.affiliation));
      // To give voice or moderation is no harm, where one may.
      fc.pre(to !== "moderator" && !(target.role === "visitor" && to === "participant"));
      assert.equal(refuseRole(actor, target, to)?.condition, "not-allowed");
    }),
  );
});

test("§8.4, §9.7: nobody takes voice or moderation from an admin or owner", () => {
  fc.assert(
    fc.property(occupant, occupant, fc.constantFrom<Role>("visitor", "participant"), (actor, target, to) => {
      fc.pre(actor.role === "moderator" && atLeast(target.affiliation, "admin"));
      assert.equal(refuseRole(actor, target, to)?.condition, "not-allowed");
    }),
  );
});

test("§5.1.3: only admins and owners make moderators, and end what a moderator may do", () => {
  fc.assert(
    fc.property(occupant, occupant, role, (actor, target, to) => {
      fc.pre(actor.role === "moderator" && to !== target.role);
      fc.pre((to === "moderator") !== (target.role === "moderator"));
      if (refuseRole(actor, target, to) === undefined) assert.ok(atLeast(actor.affiliation, "admin"));
    }),
  );
});

test("§8.3, §9.6, §9.7: what the tables allow is allowed", () => {
  const owner = { affiliation: "owner", role: "moderator" } as const;
  const helper = { affiliation: "none", role: "moderator" } as const;
  const guest = { affiliation: "none", role: "participant" } as const;
  const member = { affiliation: "member", role: "participant" } as const;
  assert.equal(refuseRole(owner, guest, "moderator"), undefined);
  assert.equal(refuseRole(owner, helper, "participant"), undefined);
  assert.equal(refuseRole(owner, { affiliation: "owner", role: "moderator" }, "none"), undefined);
  assert.equal(refuseRole(helper, guest, "visitor"), undefined);
  assert.equal(refuseRole(helper, guest, "none"), undefined);
  assert.equal(refuseRole(helper, { ...guest, role: "visitor" }, "participant"), undefined);
  assert.equal(refuseRole(helper, member, "visitor")?.condition, "not-allowed");
  assert.equal(refuseRole({ affiliation: "member", role: "moderator" }, member, "visitor")?.condition, "not-allowed");
});

test("§5.2.1: who is no admin changes no affiliation", () => {
  fc.assert(
    fc.property(affiliation, affiliation, affiliation, fc.boolean(), (actor, from, to, own) => {
      fc.pre(!atLeast(actor, "admin"));
      assert.equal(refuseAffiliation(actor, { from, to, own })?.condition, "forbidden");
    }),
  );
});

test("§5.2.2: an admin moves people between member, none and outcast, and no others", () => {
  for (const from of affiliations) {
    for (const to of affiliations) {
      if (from === to) continue;
      const refused = refuseAffiliation("admin", { from, to, own: false });
      const lower = !atLeast(from, "admin") && !atLeast(to, "admin");
      assert.equal(refused === undefined, lower, `${from} to ${to}`);
      if (!lower)
        assert.equal(refused!.condition, atLeast(from, "admin") && to === "outcast" ? "not-allowed" : "forbidden");
    }
  }
});

test("§9.1: an owner may do all but ban oneself", () => {
  fc.assert(
    fc.property(affiliation, affiliation, fc.boolean(), (from, to, own) => {
      const expected = own && to === "outcast" ? "conflict" : undefined;
      assert.equal(refuseAffiliation("owner", { from, to, own })?.condition, expected);
    }),
  );
});

test("§5.1.3: a gained affiliation brings its role, a lost one takes it, the rest stays", () => {
  fc.assert(
    fc.property(occupant, present, fc.boolean(), ({ role: now, affiliation: before }, after, moderated) => {
      const next = roleAfter(now, before, after, moderated);
      if (atLeast(after, "admin")) assert.equal(next, "moderator");
      else if (atLeast(before, "admin")) assert.equal(next, initialRole(after, moderated));
      else if (after === "member" && now === "visitor") assert.equal(next, "participant");
      else assert.equal(next, now);
    }),
  );
});

test("the stronger of what a room and the directory make somebody; a ban holds against membership alone", () => {
  fc.assert(
    fc.property(affiliation, fc.constantFrom<Affiliation>("owner", "admin", "member"), (own, granted) => {
      const result = stronger(own, granted);
      assert.ok(result === own || result === granted);
      assert.equal(stronger(result, granted), result);
      if (atLeast(granted, "admin")) assert.ok(atLeast(result, granted));
      if (own === "outcast" && granted === "member") assert.equal(result, "outcast");
      if (own !== "outcast") assert.ok(atLeast(result, own) && atLeast(result, granted));
      assert.equal(stronger(own, undefined), own);
    }),
  );
});

test("whatever happens to a room's people, its lists, versions and single answers agree", () => {
  const jid = fc.constantFrom("a@example.com", "b@example.com", "c@example.com").map((text) => Jid.parse(text));
  const step = fc.oneof(
    fc.record({ does: fc.constant("affiliate" as const), jid, to: affiliation }),
    fc.record({
      does: fc.constant("grant" as const),
      people: fc.array(fc.record({ jid, to: fc.constantFrom<Granted>("owner", "admin", "member") }), { maxLength: 3 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const room = roomOf();
      const first = room.versions.current;
      for (const one of steps) {
        if (one.does === "affiliate" && one.to === "none") room.disaffiliate(one.jid.toString());
        else if (one.does === "affiliate") room.affiliate(person(one.jid, one.to as Granted));
        else room.grant(new Map(one.people.map((each) => [each.jid.toString(), person(each.jid, each.to)])));
      }
      const again = roomOf();
      for (const own of room.affiliated.values()) again.affiliate(own);
      again.grant(room.granted);
      assert.equal(again.versions.current, room.versions.current);
      for (const one of affiliations) {
        const listed = one === "none" ? [] : room.listOf(one).map((each) => each.jid);
        for (const each of listed) assert.equal(room.affiliationOf(each), one);
      }
      const changed = room.versions.since(first)!;
      for (const each of ["a@example.com", "b@example.com", "c@example.com"]) {
        const now = room.affiliationOf(Jid.parse(each));
        if (now !== "none") assert.ok(changed.some((change) => change.jid === each));
      }
    }),
  );
});

type Granted = Exclude<Affiliation, "none">;

function person(jid: Jid, to: Granted) {
  return { jid, affiliation: to, nick: "", reason: "" };
}

function roomOf(): Room {
  const config = defaultConfig(settings.parse({}));
  const options = { admins: new Set<string>(), permanent: false, archiveFrom: 0, versionKey: new Uint8Array(32) };
  return new Room(Jid.parse("verona@conference.example.com"), config, options);
}
