import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { LdapPeople } from "#adapters/ldap/people.ts";
import type { PeopleChange, PeopleQuery } from "#core/people.ts";
import { noSlapd, type Slapd, startSlapd } from "#test/harness/slapd.ts";
import { directoryTest, journal, open, using } from "./opening.ts";

directoryTest("a person is as the directory writes them", async (slapd) => {
  await using(open(slapd), async ({ people }) => {
    assert.deepEqual(await people.find("pmartin"), {
      user: "pmartin",
      displayName: "Pierre Martin",
      givenName: "Pierre",
      familyName: "Martin",
      organisation: "Observatoire de Paris",
      unit: "LESIA",
      title: "Astronome",
      room: "L-100",
      mail: ["Pierre.Martin@obspm.example"],
      phones: [
        { kind: "work", number: "+33 1 45 07 20 00" },
        { kind: "mobile", number: "+33 6 00 00 00 01" },
      ],
      hasPhoto: true,
      hidden: false,
    });
    const { hasPhoto, hidden } = (await people.find("rhidden"))!;
    assert.deepEqual([hasPhoto, hidden], [false, true]);
    for (const user of ["mercutio", "*", "pmartin)(uid=*", ""]) assert.equal(await people.find(user), undefined, user);
  });
});

directoryTest("photos are images, and not too large", async (slapd) => {
  await using(open(slapd), async ({ people }) => {
    const photo = await people.photo("pmartin");
    assert.equal(photo?.type, "image/jpeg");
    assert.equal(Buffer.from(photo.data).subarray(0, 3).toString("hex"), "ffd8ff");
    assert.equal(photo.data.length, 134);
    assert.equal(await people.photo("hlegall"), undefined);
    assert.equal(await people.photo("mercutio"), undefined);
    await slapd.modify(slapd.person("hlegall"), { jpegPhoto: "<svg onload='alert(1)'/>" });
    await people.refresh();
    assert.equal(await people.photo("hlegall"), undefined);
  });
  await using(open(slapd, { "photo-limit": "100 B" }), async ({ people }) => {
    assert.equal(await people.photo("pmartin"), undefined);
  });
});

directoryTest("an address leads to its person by its local part", async (slapd) => {
  await using(open(slapd), async ({ people }) => {
    const table: Record<string, string[]> = {
      "pierre.martin": ["pmartin"],
      "Pierre.Martin": ["pmartin"],
      "p.martin": ["pmartin", "pmartin2"],
      "helene.le-gall": ["hlegall"],
      "hélène.le-gall": ["hlegall"],
      "Hélène.Le\u2010Gall": ["hlegall"],
      hlg: ["hlegall"],
      "jean-baptiste.dupont": ["jdupont"],
      "francois.coeur": ["fcoeur"],
      "françois.cœur": ["fcoeur"],
      "raphael.dangelo": ["rdangelo"],
      "raphaël.d’angelo": ["rdangelo"],
      "øystein.grøndahl": ["ogrondahl"],
      "marie.de-la-tour": ["mdelatour"],
      direction: ["edurand"],
      // Hidden and disabled people are nobody's business.
      "roxane.discrete": [],
      "denis.parti": [],
      "pierre.*": [],
      "*": [],
      pierre: [],
      "": [],
    };
    for (const [local, logins] of Object.entries(table)) {
      assert.deepEqual([...(await people.resolve(local))].sort(), logins, local);
    }
  });
  await using(open(slapd, { "mail-domains": ["elsewhere.example"] }), async ({ people }) => {
    assert.deepEqual(await people.resolve("pierre.martin"), []);
  });
});

directoryTest("search knows no accents and no case, and shows nobody who is hidden or gone", async (slapd) => {
  await using(open(slapd), async ({ people }) => {
    const found = async (query: Parameters<typeof people.search>[0], limit = 50) =>
      (await people.search(query, limit)).people.map(({ user }) => user);
    assert.deepEqual(await found({ name: "helene" }), ["hlegall"]);
    assert.deepEqual(await found({ name: "HÉLÈNE" }), ["hlegall"]);
    assert.deepEqual(await found({ name: "martin pierre" }), ["pmartin", "pmartin2"]);
    assert.deepEqual(await found({ any: "lefevre" }), ["nlefevre"]);
    assert.deepEqual(await found({ any: "Cœur" }), ["fcoeur"]);
    assert.deepEqual(await found({ any: "nguyen" }), ["tnguyen"]);
    assert.deepEqual(await found({ any: "martin lesia" }), ["pmartin"]);
    assert.deepEqual(await found({ user: "pmartin", unit: "gepi" }), ["pmartin2"]);
    assert.deepEqual(await found({ mail: "d'angelo" }), ["rdangelo"]);
    assert.deepEqual(await found({ name: "(charlie) asterisque*" }), ["cparen"]);
    for (const any of ["discrete", "rhidden", "denis parti", "*)(uid=*", "", "  ", "*"]) {
      assert.deepEqual(await found({ any }), any === "*" ? ["cparen"] : [], any);
    }
    const { people: some, more } = await people.search({ unit: "lesia" }, 3);
    assert.deepEqual([some.length, more], [3, true]);
    assert.equal((await people.search({ unit: "lesia" }, 50)).more, false);
  });
});

directoryTest("groups hold logins, those of inner groups included", async (slapd) => {
  const byName = async (settings: Record<string, unknown>) => {
    const found = new Map<string, string[]>();
    await using(open(slapd, settings), async ({ people }) => {
      for (const { name, members } of await people.groups()) found.set(name, [...members].sort());
    });
    return found;
  };
  const groups = await byName({});
  assert.deepEqual([...groups.keys()].sort(), [
    "astreinte",
    "astronomes",
    "dio",
    "federation",
    "gepi",
    "lerma",
    "lesia",
    "luth",
    "syrte",
  ]);
  assert.deepEqual(groups.get("astreinte"), ["ggrand", "lpetit"], "by login, and nobody who is not there");
  assert.ok(groups.get("luth")?.includes("élise"));
  assert.ok(!groups.get("lesia")?.includes("rhidden"));
  assert.ok(!groups.get("gepi")?.includes("dparti"));
  const expected = [...groups.get("lesia")!, ...groups.get("gepi")!, "tnguyen"].sort();
  assert.deepEqual(groups.get("astronomes"), expected);
  assert.deepEqual(groups.get("federation"), expected, "groups that contain each other");
  const flat = await byName({ groups: { nested: false, name: ["description", "cn"], filter: "(cn=federation)" } });
  assert.deepEqual([...flat], [["Fédération, en boucle avec astronomes", ["tnguyen"]]]);
});

test("a server that gives few entries to one search is read in parts", { skip: noSlapd ?? false }, async () => {
  const slapd = await startSlapd({ global: "sizelimit 7" });
  try {
    await using(open(slapd), async ({ people }) => {
      const everybody = await people.search({ mail: "obspm" }, 100);
      assert.equal(everybody.people.length, 39);
      assert.ok(everybody.people.some(({ user }) => user === "élise"));
      assert.equal((await people.groups()).length, 9);
      assert.equal((await people.find("pmartin"))?.hasPhoto, true);
    });
  } finally {
    await slapd.close();
  }
});

directoryTest("changes are told: who may no longer log in, whose data changed, and groups", async (slapd) => {
  await using(open(slapd), async ({ people }) => {
    const changes: PeopleChange[] = [];
    const unwatch = people.watch((change) => changes.push(change));
    const next = async (change: () => Promise<void>) => {
      await change();
      changes.length = 0;
      await people.refresh();
      return changes.splice(0);
    };
    await delay(0);
    assert.deepEqual(
      changes.splice(0),
      [{ ended: ["dparti"], changed: [], groups: false }],
      "at first: who is disabled",
    );
    assert.deepEqual(await next(async () => {}), []);
    const lock = () => slapd.modify(slapd.person("hlegall"), { pwdAccountLockedTime: "000001010000Z" });
    assert.deepEqual(await next(lock), [{ ended: ["hlegall"], changed: [], groups: true }]);
    const unlock = () => slapd.modify(slapd.person("hlegall"), { pwdAccountLockedTime: [] });
    assert.deepEqual(await next(unlock), [{ ended: [], changed: ["hlegall"], groups: true }]);
    const tried = () => slapd.modify(slapd.person("hlegall"), { pwdAccountLockedTime: "20260101120000Z" });
    assert.deepEqual(await next(tried), [], "a lock after wrong passwords ends no session");
    const move = () => slapd.modify(slapd.person("cblanc"), { roomNumber: "B-12" });
    assert.deepEqual(await next(move), [{ ended: [], changed: ["cblanc"], groups: false }]);
    const portrait = () => slapd.modify(slapd.person("cblanc"), { jpegPhoto: "\u00ff" });
    assert.deepEqual(await next(portrait), [{ ended: [], changed: ["cblanc"], groups: false }]);
    const leave = () => slapd.remove(slapd.person("zkowalski"));
    assert.deepEqual(await next(leave), [{ ended: ["zkowalski"], changed: [], groups: true }]);
    const join = () =>
      slapd.change(`dn: ${slapd.group("lesia")}\nchangetype: modify\nadd: member\nmember: ${slapd.person("cblanc")}\n`);
    assert.deepEqual(await next(join), [{ ended: [], changed: [], groups: true }]);
    unwatch();
    assert.deepEqual(await next(lock), []);
  });
});

directoryTest("watchers are told within the sync interval", async (slapd) => {
  await using(open(slapd, { "sync-interval": "100 ms" }), async ({ people }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    people.watch(({ ended }) => ended.includes("hlegall") && resolve());
    await slapd.remove(slapd.person("hlegall"));
    await promise;
  });
});

directoryTest("if many are gone at once, a later reading must say so too", async (slapd) => {
  const log = journal();
  let now = 0;
  await using(open(slapd), async ({ directory }) => {
    const people = new LdapPeople({ directory, log, interval: 1000, vanishLimit: 10, clock: () => now });
    const ended = new Set<string>();
    people.watch((change) => {
      for (const user of change.ended) ended.add(user);
    });
    await people.refresh();
    await leaving(slapd, { unit: "DIO" });
    await people.refresh();
    await people.refresh();
    assert.deepEqual([...ended], ["dparti"], "asked again at once, the same replica says the same");
    assert.equal(people.has("lpetit"), true);
    assert.ok(log.lines.some((line) => line.startsWith("error: many people are gone")));
    now += 1000;
    await people.refresh();
    assert.ok(ended.has("lpetit") && !ended.has("pmartin"));
    assert.equal(people.has("lpetit"), false);
    people.close();
  });
});

directoryTest("if they are back at the next reading, nothing has happened", async (slapd) => {
  let now = 0;
  await using(open(slapd), async ({ directory }) => {
    const people = new LdapPeople({ directory, log: journal(), interval: 1000, vanishLimit: 10, clock: () => now });
    await people.refresh();
    const ended: string[] = [];
    people.watch((change) => ended.push(...change.ended));
    await delay(0);
    ended.length = 0;
    const away = slapd.person("").replace("uid=,", "");
    await slapd.change(`dn: ${away}\nchangetype: modrdn\nnewrdn: ou=elsewhere\ndeleteoldrdn: 0\n`);
    await assert.doesNotReject(people.refresh());
    assert.deepEqual(ended, [], "moved, and still there");
    const shell = { objectClass: ["inetOrgPerson", "inetLocalMailRecipient", "shadowAccount"], shadowExpire: "1" };
    const moved = (user: string) => slapd.person(user).replace("ou=people", "ou=elsewhere");
    const some = ["lpetit", "ggrand", "sbernard", "lrobert", "sboyer", "ychevalier"];
    for (const user of some) await slapd.modify(moved(user), shell);
    await people.refresh();
    for (const user of some) await slapd.modify(moved(user), { ...shell, shadowExpire: "99999" });
    now += 1000;
    await people.refresh();
    assert.deepEqual(ended, []);
    people.close();
  });
});

directoryTest("a directory that shows nobody any more is not believed", async (slapd) => {
  const log = journal();
  await using(open(slapd, {}, { log }), async ({ people, accounts }) => {
    let told = 0;
    people.watch(({ ended }) => {
      told += ended.filter((user) => user !== "dparti").length;
    });
    await leaving(slapd, { mail: "obspm" });
    for (const user of ["rhidden", "dparti"]) await slapd.remove(slapd.person(user));
    for (let index = 0; index < 4; index++) await people.refresh();
    assert.equal(told, 0);
    assert.equal(await accounts.exists("pmartin"), true);
    assert.ok(log.lines.some((line) => line.startsWith("error: the directory shows nobody any more")));
  });
});

/** Everybody who is found is removed. */
async function leaving(slapd: Slapd, query: PeopleQuery): Promise<void> {
  const records: string[] = [];
  await using(open(slapd), async ({ people }) => {
    for (const { user } of (await people.search(query, 100)).people) {
      records.push(`dn:: ${Buffer.from(slapd.person(user)).toString("base64")}\nchangetype: delete\n\n`);
    }
  });
  await slapd.change(records.join(""));
}
