import { type Stage, scenario } from "#test/harness/scenario.ts";
import {
  configures,
  entering,
  enters,
  failed,
  listed,
  opens,
  refusal,
  request,
  room,
  seen,
  subject,
} from "./room.fixture.ts";

/** Use cases of XEP-0045 that the other files of this folder do not come by. */

const done = "<iq type='result' id='q'/>";
const configured = "<iq type='result' id='configure'/>";
const code = (number: number) =>
  `<message from='${room}' type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='${number}'/></x></message>`;
const list = (affiliation: string, ...items: readonly string[]) =>
  `<iq type='result' id='q'><query xmlns='http://jabber.org/protocol/muc#admin'>${items
    .map((jid) => `<item affiliation='${affiliation}' jid='${jid}'/>`)
    .join("")}</query></iq>`;

async function pair({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  return { romeo, juliet };
}

scenario("§6.6: a question to an occupant is put to the client", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  await juliet.sends(
    `<iq type='get' id='d' to='${room}/Romeo'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  const asked = await romeo.receives(
    `<iq type='get' from='${room}/Juliet'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  await romeo.sends(`<iq type='result' id='${asked.attrs.id}' to='${room}/Juliet'>
    <query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:example'/></query></iq>`);
  await juliet.receives(
    `<iq type='result' id='d' from='${room}/Romeo'><query xmlns='http://jabber.org/protocol/disco#info'>
      <feature var='urn:example'/></query></iq>`,
  );
});

scenario(
  "§6.6: who is not there may not ask",
  { skipOn: ["prosody"], why: "it says not-acceptable, or passes it on" },
  async (stage) => {
    await pair(stage);
    const nurse = await stage.connect("nurse@example.com/kitchen");
    for (const what of ["info", "items"]) {
      await nurse.exchange(
        `<iq type='get' id='q' to='${room}/Romeo'><query xmlns='http://jabber.org/protocol/disco#${what}'/></iq>`,
        refusal("bad-request"),
      );
    }
    await nurse.exchange(
      `<iq type='get' id='q' to='${room}/Romeo'><ping xmlns='urn:xmpp:ping'/></iq>`,
      refusal("not-acceptable"),
    );
  },
);

scenario("§7.3, §8.1: an occupant changes the subject where the room allows it", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const sets = `<message to='${room}' type='groupchat'><subject>Balconies</subject></message>`;
  await juliet.exchange(sets, failed("message", "forbidden"));
  await configures(romeo, { "muc#roomconfig_changesubject": "1" });
  await romeo.receivesInAnyOrder(configured, code(104));
  await juliet.receives(code(104));
  await juliet.exchange(sets, subject("Balconies"));
  await romeo.receives(`<message from='${room}/Juliet' type='groupchat'><subject>Balconies</subject></message>`);
});

scenario("§7.7: a change of availability is told to all", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const away = "<show>xa</show><status>Gone to Mantua</status>";
  await juliet.sends(`<presence to='${room}/Juliet'>${away}</presence>`);
  for (const client of [romeo, juliet]) {
    await client.receives(`<presence from='${room}/Juliet'>${away}<x xmlns='http://jabber.org/protocol/muc#user'>
      <item affiliation='none' role='participant'/></x></presence>`);
  }
});

scenario(
  "§7.9: a conversation of two goes on in a room",
  { skipOn: ["prosody"], why: "it drops what says so" },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const juliet = await connect("juliet@example.com/balcony");
    await opens(romeo, "Romeo");
    await romeo.sends(`<message to='${room}'><x xmlns='http://jabber.org/protocol/muc#user'>
    <invite to='juliet@example.com'><reason>More come</reason><continue thread='t1'/></invite></x></message>`);
    await juliet.receives(`<message from='${room}'><x xmlns='http://jabber.org/protocol/muc#user'>
    <invite from='romeo@example.com'><reason>More come</reason><continue thread='t1'/></invite></x></message>`);
  },
);

scenario(
  "§7.11, §9.5: the room says who may read the list of members",
  { skipOn: ["prosody"], why: "it has no such option" },
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    const asks = request("get", "admin", "<item affiliation='member'/>");
    await juliet.exchange(asks, refusal("forbidden"));
    await configures(romeo, { "muc#roomconfig_getmemberlist": ["moderator", "participant"] });
    await romeo.receivesInAnyOrder(configured, code(104));
    await juliet.receives(code(104));
    await romeo.sends(request("set", "admin", "<item jid='nurse@example.com' affiliation='member'/>"));
    await romeo.receives(listed("nurse@example.com", "member"));
    await juliet.receives(listed("nurse@example.com", "member"));
    await juliet.exchange(asks, list("member", "nurse@example.com"));
    await juliet.exchange(request("get", "admin", "<item affiliation='outcast'/>"), refusal("forbidden"));
  },
);

scenario(
  "§7.10: who has registered withdraws (XEP-0077 §3.2)",
  { skipOn: ["prosody"], why: "it keeps the membership" },
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    const registers = (content: string) =>
      `<iq type='set' id='q' to='${room}'><query xmlns='jabber:iq:register'>${content}</query></iq>`;
    await juliet.exchange(registers("<remove/>"), refusal("registration-required"));
    await juliet.sends(
      registers(`<x xmlns='jabber:x:data' type='submit'><field var='muc#register_roomnick'>
        <value>Capulet</value></field></x>`),
    );
    await juliet.receivesInAnyOrder(done, seen("Juliet", "affiliation='member'", [110]));
    await romeo.receives(seen("Juliet", "affiliation='member'"));
    await juliet.sends(registers("<remove/>"));
    await juliet.receivesInAnyOrder(done, seen("Juliet", "affiliation='none'", [110]));
    await romeo.receives(seen("Juliet", "affiliation='none'"));
    await romeo.exchange(request("get", "admin", "<item affiliation='member'/>"), list("member"));
  },
);

scenario(
  "§10.2.1: the codes of a change: who is seen, what is recorded, anything else",
  { skipOn: ["prosody"], why: "it has no recording by itself" },
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    for (const [field, value, number] of [
      ["muc#roomconfig_whois", "anyone", 172],
      ["muc#roomconfig_whois", "moderators", 173],
      ["muc#roomconfig_enablelogging", "0", 171],
      ["muc#roomconfig_enablelogging", "1", 170],
      ["muc#roomconfig_roomname", "Verona", 104],
    ] as const) {
      const before = await stateOf(romeo, field);
      if (before === value) continue;
      await configures(romeo, { [field]: value });
      await romeo.receivesInAnyOrder(configured, code(number));
      await juliet.receives(code(number));
    }
  },
);

async function stateOf(owner: Awaited<ReturnType<typeof pair>>["romeo"], field: string): Promise<string> {
  const form = await owner.exchange(request("get", "owner", ""), done);
  const fields = form.elements[0]!.elements[0]!.elements;
  return fields.find(({ attrs }) => attrs.var === field)?.text ?? "";
}

scenario("§10.6, §10.7, §10.8: admins are made, listed and unmade", async (stage) => {
  const { romeo, juliet } = await pair(stage);
  const admins = request("get", "admin", "<item affiliation='admin'/>");
  const make = (affiliation: string) =>
    romeo.sends(request("set", "admin", `<item jid='juliet@example.com' affiliation='${affiliation}'/>`));
  await juliet.exchange(admins, refusal("forbidden"));
  await make("admin");
  await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='admin' role='moderator'"));
  await juliet.settles();
  await romeo.exchange(admins, list("admin", "juliet@example.com"));
  await make("member");
  await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='member' role='participant'"));
  await romeo.exchange(admins, list("admin"));
});

scenario(
  "§10.6, §10.8: only owners make admins",
  { skipOn: ["prosody"], why: "it says not-allowed" },
  async (stage) => {
    const { romeo, juliet } = await pair(stage);
    const nurse = "<item jid='nurse@example.com' affiliation='admin'/>";
    await juliet.exchange(request("set", "admin", nurse), refusal("forbidden"));
    await romeo.exchange(request("get", "admin", "<item affiliation='admin'/>"), list("admin"));
  },
);

scenario(
  "§10.8: of several admins all are made or none",
  { skipOn: ["prosody"], why: "it takes one at a time" },
  async (stage) => {
    const { romeo } = await pair(stage);
    await romeo.exchange(
      request(
        "set",
        "admin",
        "<item jid='nurse@example.com' affiliation='admin'/><item jid='a b' affiliation='admin'/>",
      ),
      refusal("jid-malformed"),
    );
    await romeo.exchange(request("get", "admin", "<item affiliation='admin'/>"), list("admin"));
  },
);

scenario("§7.2.7: who is banned does not enter, and is not told more", async (stage) => {
  const { romeo } = await pair(stage);
  const tybalt = await stage.connect("tybalt@example.com/street");
  await romeo.sends(request("set", "admin", "<item jid='tybalt@example.com' affiliation='outcast'/>"));
  await romeo.receivesInAnyOrder(done, listed("tybalt@example.com", "outcast"));
  await tybalt.exchange(entering("Tybalt"), failed("presence", "forbidden"));
});
