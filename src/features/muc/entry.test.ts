import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import {
  configures,
  entering,
  enters,
  failed,
  listed,
  opens,
  outside,
  refusal,
  request,
  room,
  seen,
  subject,
} from "./room.fixture.ts";
import { user, userItem } from "./tags.ts";

const code104 =
  "<message from='verona@conference.example.com' type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>";
const configuredResult = "<iq type='result' id='configure'/>";
const ours = { skipOn: ["prosody"] };

scenario(
  "§7.2.1: without a nickname the address is malformed",
  { skipOn: ["prosody"], why: "it does not answer" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(
      `<presence to='${room}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
      failed("presence", "jid-malformed"),
    );
  },
);

scenario(
  "§7.2.2: a nickname is brought into shape, and its owner told",
  { ...ours, why: "it keeps spaces" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.sends(entering("Romeo  M "));
    await romeo.receives(seen("Romeo M", "role='moderator'", [110, 201, 210]));
  },
);

scenario("§7.2.3: a room that shows addresses says so", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await configures(romeo, { "muc#roomconfig_whois": "anyone" });
  await romeo.receivesInAnyOrder(
    configuredResult,
    "<message type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='172'/></x></message>",
  );
  await juliet.sends(entering("Juliet"));
  await juliet.receives(seen("Romeo", `jid='${romeo}'`));
  await juliet.receives(seen("Juliet", `jid='${juliet}'`, [100, 110]));
});

scenario("§7.2.5: a password is needed, right, and told to no one", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await configures(romeo, { "muc#roomconfig_passwordprotectedroom": "1", "muc#roomconfig_roomsecret": "balcony" });
  await romeo.receivesInAnyOrder(configuredResult, code104);
  await juliet.exchange(entering("Juliet"), failed("presence", "not-authorized"));
  await juliet.exchange(entering("Juliet", "<password/>"), failed("presence", "not-authorized"));
  await juliet.exchange(entering("Juliet", "<password>orchard</password>"), failed("presence", "not-authorized"));
  await juliet.sends(entering("Juliet", "<password>balcony</password>"));
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
  await juliet.receives(seen("Juliet", "role='participant'", [110]));
});

scenario("an empty password opens a room that has none", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await juliet.sends(entering("Juliet", "<password/>"));
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
});

scenario(
  "§7.2.6: only members enter a members-only room",
  { skipOn: ["prosody"], why: "it does not invite new members" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await opens(romeo, "Romeo");
    await configures(romeo, { "muc#roomconfig_membersonly": "1" });
    await romeo.receivesInAnyOrder(configuredResult, code104);
    await juliet.exchange(entering("Juliet"), failed("presence", "registration-required"));
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='member'/>"));
    await romeo.receivesInAnyOrder("<iq type='result' id='q'/>", listed("juliet@example.com", "member"));
    await juliet.receives(
      `<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'><invite/></x></message>`,
    ); // §9.5
    await enters(juliet, "Juliet", ["Romeo"]);
  },
);

scenario("§7.2.8: nobody takes a nickname that is in use, whatever its case", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await juliet.exchange(entering("Romeo"), failed("presence", "conflict"));
});

scenario("§7.2.8: nor by another case or width", { ...ours, why: "it compares bytes" }, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await juliet.exchange(entering("ROMEO"), failed("presence", "conflict"));
  await juliet.exchange(entering("ｒｏｍｅｏ"), failed("presence", "conflict"));
});

scenario(
  "§7.2.8: two clients of a person share a nickname",
  { skipOn: ["prosody"], why: "it names the clients that stay" },
  async ({ connect }) => {
    const orchard = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await opens(juliet, "Juliet");
    await enters(orchard, "Romeo", ["Juliet"]);
    await juliet.receives(`<presence from='${room}/Romeo'/>`);
    const street = await connect("romeo@example.com/street", { presence: false });
    await enters(street, "Romeo", ["Juliet"]);
    await juliet.sends(`<message to='${room}' type='groupchat'><body>Both?</body></message>`);
    await street.receives(`<message from='${room}/Juliet' to='${street}'><body>Both?</body></message>`);
    await orchard.receives(`<presence from='${room}/Romeo'/>`);
    await orchard.receives(`<message from='${room}/Juliet' to='${orchard}'><body>Both?</body></message>`);
    await juliet.receives(`<presence from='${room}/Romeo'/>`);
    await juliet.receives("<message><body>Both?</body></message>");
    await street.sends(`<presence to='${room}/Romeo' type='unavailable'/>`);
    await street.receives(seen("Romeo", "role='none'", [110], "unavailable"));
    await orchard.sends(`<message to='${room}' type='groupchat'><body>Still here</body></message>`);
    await juliet.receives(`<presence from='${room}/Romeo'/>`);
    await juliet.receives(`<message from='${room}/Romeo'><body>Still here</body></message>`);
  },
);

scenario(
  "§7.2.8: not where the service does not want it",
  { settings: { muc: { sessions: false } }, ...ours },
  async ({ connect }) => {
    const orchard = await connect("romeo@example.com/orchard");
    const street = await connect("romeo@example.com/street", { presence: false });
    await opens(orchard, "Romeo");
    await street.exchange(entering("Romeo"), failed("presence", "conflict"));
  },
);

scenario("§7.2.9: a full room takes only admins", { ...ours, why: "no limit there" }, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await opens(romeo, "Romeo");
  await configures(romeo, { "muc#roomconfig_maxusers": "1", "muc#roomconfig_roomadmins": "nurse@example.com" });
  await romeo.receivesInAnyOrder(configuredResult, code104, listed("nurse@example.com", "admin"));
  await nurse.receives(outside("admin"));
  await juliet.exchange(entering("Juliet"), failed("presence", "service-unavailable"));
  await enters(nurse, "Nurse", ["Romeo"]);
});

scenario("§7.2.1, §17.3: who enters again gets everything again", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await enters(juliet, "Juliet", ["Romeo"]);
});

scenario("§7.2.12: a room that is recorded says so", { ...ours, why: "no such option there" }, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  for (const [option, code] of [
    ["0", "171"],
    ["1", "170"],
  ] as const) {
    await configures(romeo, { "muc#roomconfig_enablelogging": option });
    await romeo.receivesInAnyOrder(
      configuredResult,
      `<message type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='${code}'/></x></message>`,
    );
  }
  await juliet.sends(entering("Juliet"));
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
  await juliet.receives(seen("Juliet", "role='participant'", [110, 170]));
});

scenario("§7.2.14: newcomers say how much of the past they want", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  for (const word of ["one", "two", "three"]) {
    await romeo.exchange(
      `<message to='${room}' type='groupchat'><body>${word}</body></message>`,
      `<message><body>${word}</body></message>`,
    );
  }
  const wishes: readonly [string, readonly string[]][] = [
    ["<history maxstanzas='2'/>", ["two", "three"]],
    ["<history maxstanzas='0'/>", []],
    ["<history seconds='600'/>", ["one", "two", "three"]],
    ["<history since='2100-01-01T00:00:00Z'/>", []],
    ["<history since='1970-01-01T00:00:00Z'/>", ["one", "two", "three"]],
  ];
  for (const [wish, expected] of wishes) {
    await juliet.sends(entering("Juliet", wish));
    await juliet.receives(`<presence from='${room}/Romeo'/>`);
    await juliet.receives(seen("Juliet", "role='participant'", [110]));
    for (const word of expected) await juliet.receives(`<message from='${room}/Romeo'><body>${word}</body></message>`);
    await juliet.receives(subject());
    await juliet.exchange(`<presence to='${room}/Juliet' type='unavailable'/>`, "<presence type='unavailable'/>");
  }
});

scenario(
  "§7.2.18: presence of who is not there is answered by a kick",
  { ...ours, why: "0.12 lets them in" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await opens(romeo, "Romeo");
    await juliet.exchange(
      `<presence to='${room}/Juliet' id='p'/>`,
      seen("Juliet", "affiliation='none' role='none'", [110, 307, 333], "unavailable"),
    );
    await romeo.receivesNothing();
  },
);

scenario("§7.2.4: moderators see addresses, others do not", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(seen("Juliet", `jid='${juliet}'`));
  await enters(nurse, "Nurse", ["Romeo", "Juliet"]);
  const other = await juliet.receives(`<presence from='${room}/Nurse'/>`);
  assert.equal(other.child(user)!.child(userItem)!.attrs.jid, undefined);
});

scenario("§17.3: what only the room may say is not passed on", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.sends(`<presence to='${room}/Juliet'><show>away</show>
    <x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/></x></presence>`);
  const told = await romeo.receives(`<presence from='${room}/Juliet'><show>away</show></presence>`); // §7.7
  assert.equal(told.all(user).length, 1);
  assert.equal(told.child(user)!.child(userItem)!.attrs.affiliation, "none");
  await romeo.receivesNothing();
});

scenario("XEP-0410: a ping to oneself is answered by the room, to others it is not acceptable", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  const ping = `<iq type='get' id='q' to='${room}/Romeo'><ping xmlns='urn:xmpp:ping'/></iq>`;
  await romeo.exchange(ping, `<iq type='result' id='q' from='${room}/Romeo'/>`);
  await juliet.exchange(ping, refusal("not-acceptable"));
});

scenario("§17.4: requests to occupants are passed on without addresses", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await juliet.sends(`<iq type='get' id='q' to='${room}/Romeo'><query xmlns='jabber:iq:version'/></iq>`);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  const asked = await romeo.receives(
    `<iq type='get' from='${room}/Juliet' to='${romeo}'><query xmlns='jabber:iq:version'/></iq>`,
  );
  await romeo.sends(
    `<iq type='result' id='${asked.attrs.id}' to='${room}/Juliet'><query xmlns='jabber:iq:version'><name>Lute</name></query></iq>`,
  );
  await juliet.receives(
    `<iq type='result' id='q' from='${room}/Romeo'><query xmlns='jabber:iq:version'><name>Lute</name></query></iq>`,
  );
  await juliet.exchange(
    `<iq type='get' id='q' to='${room}/Tybalt'><query xmlns='jabber:iq:version'/></iq>`,
    refusal("item-not-found"),
  );
});
