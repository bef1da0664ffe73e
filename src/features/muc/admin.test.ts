import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { type Stage, scenario } from "#test/harness/scenario.ts";
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
} from "./room.fixture.ts";
import { adminItem } from "./tags.ts";

const done = "<iq type='result' id='q'/>";

/** Romeo's room with Juliet, and the nurse beside it. */
async function verona({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  const nurse = await connect("nurse@example.com/kitchen");
  await opens(romeo, "Romeo");
  await enters(juliet, "Juliet", ["Romeo"]);
  await enters(nurse, "Nurse", ["Romeo", "Juliet"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await romeo.receives(`<presence from='${room}/Nurse'/>`);
  await juliet.receives(`<presence from='${room}/Nurse'/>`);
  return { romeo, juliet, nurse };
}

/** Who becomes a moderator sees the addresses of all who are there (§7.2.4). */
const identified = (romeo: Client, nurse: Client) => [seen("Romeo", `jid='${romeo}'`), seen("Nurse", `jid='${nurse}'`)];

scenario("§8.2: a moderator kicks an occupant, who may come back", async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await romeo.sends(request("set", "admin", "<item nick='Juliet' role='none'><reason>Go!</reason></item>"));
  await juliet.receives(`<presence type='unavailable' from='${room}/Juliet'><x xmlns='http://jabber.org/protocol/muc#user'>
    <item affiliation='none' role='none'><actor nick='Romeo'/><reason>Go!</reason></item>
    <status code='110'/><status code='307'/></x></presence>`);
  await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='none' role='none'", [307], "unavailable"));
  await nurse.receives(seen("Juliet", "affiliation='none' role='none'", [307], "unavailable"));
  await juliet.sends(entering("Juliet"));
  await juliet.receivesInAnyOrder(
    `<presence from='${room}/Romeo'/>`,
    `<presence from='${room}/Nurse'/>`,
    seen("Juliet", "role='participant'", [110]),
    "<message><subject/></message>",
  );
});

scenario(
  "§8.2: an occupant who is no moderator kicks nobody; a moderator no owner",
  { skipOn: ["prosody"], why: "it says not-allowed" },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await juliet.exchange(request("set", "admin", "<item nick='Nurse' role='none'/>"), refusal("forbidden"));
    await romeo.sends(request("set", "admin", "<item nick='Juliet' role='moderator'/>"));
    await juliet.receives(seen("Juliet", "role='moderator'", [110]));
    await juliet.receivesInAnyOrder(...identified(romeo, nurse));
    await nurse.receives(seen("Juliet", "role='moderator'"));
    await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='none' role='moderator'"));
    await juliet.exchange(request("set", "admin", "<item nick='Romeo' role='none'/>"), refusal("not-allowed"));
    await juliet.exchange(request("set", "admin", "<item nick='Romeo' role='visitor'/>"), refusal("not-allowed"));
    await juliet.exchange(request("set", "admin", "<item nick='Nurse' role='moderator'/>"), refusal("forbidden"));
    await nurse.receivesNothing();
  },
);

scenario("§8.3, §8.4, §8.5: voice is taken, listed and given back", async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await romeo.sends(request("set", "admin", "<item nick='Juliet' role='visitor'><reason>Hush</reason></item>"));
  await juliet.receives(seen("Juliet", "role='visitor'", [110]));
  await nurse.receives(seen("Juliet", "role='visitor'"));
  await romeo.receivesInAnyOrder(done, seen("Juliet", "role='visitor'"));
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><body>May I?</body></message>`,
    failed("message", "forbidden"),
  );
  const list = await romeo.exchange(
    request("get", "admin", "<item role='participant'/>"),
    `<iq type='result' id='q'><query xmlns='http://jabber.org/protocol/muc#admin'>
      <item nick='Nurse' role='participant' affiliation='none' jid='${nurse}'/></query></iq>`,
  );
  assert.equal(list.elements[0]!.all(adminItem).length, 1);
  await nurse.exchange(request("get", "admin", "<item role='participant'/>"), refusal("forbidden"));
  await romeo.sends(request("set", "admin", "<item nick='Juliet' role='participant'/>"));
  await juliet.receives(seen("Juliet", "role='participant'", [110]));
});

scenario(
  "§9.1: an admin bans a person, who cannot come back",
  { skipOn: ["prosody"], why: "it also tells occupants of those outside" },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await romeo.sends(
      request("set", "admin", "<item jid='juliet@example.com' affiliation='outcast'><reason>Feud</reason></item>"),
    );
    await juliet.receives(seen("Juliet", "affiliation='outcast' role='none'", [110, 301], "unavailable"));
    await nurse.receives(seen("Juliet", "affiliation='outcast' role='none'", [301], "unavailable"));
    await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='outcast' role='none'", [301], "unavailable"));
    await juliet.exchange(entering("Juliet"), failed("presence", "forbidden"));
    await romeo.exchange(
      request("get", "admin", "<item affiliation='outcast'/>"),
      `<iq type='result' id='q'><query xmlns='http://jabber.org/protocol/muc#admin'>
      <item affiliation='outcast' jid='juliet@example.com'/></query></iq>`,
    );
    await nurse.exchange(request("get", "admin", "<item affiliation='outcast'/>"), refusal("forbidden"));
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='none'/>"));
    await romeo.receivesInAnyOrder(done, listed("juliet@example.com", "none"));
    await juliet.receives(outside("none"));
    await enters(juliet, "Juliet", ["Romeo", "Nurse"]);
  },
);

scenario(
  "§9.1: nobody bans oneself; an admin no owner; others nobody",
  { skipOn: ["prosody"], why: "it says not-allowed to those without rights" },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await romeo.exchange(
      request("set", "admin", "<item jid='romeo@example.com' affiliation='outcast'/>"),
      refusal("conflict"),
    );
    await nurse.exchange(
      request("set", "admin", "<item jid='juliet@example.com' affiliation='outcast'/>"),
      refusal("forbidden"),
    );
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='admin'/>"));
    await juliet.receives(seen("Juliet", "affiliation='admin' role='moderator'", [110]));
    await juliet.receivesInAnyOrder(...identified(romeo, nurse));
    await juliet.exchange(
      request("set", "admin", "<item jid='romeo@example.com' affiliation='outcast'/>"),
      refusal("not-allowed"),
    );
    await juliet.exchange(
      request("set", "admin", "<item jid='nurse@example.com' affiliation='admin'/>"),
      refusal("forbidden"),
    );
  },
);

scenario(
  "§9.2: of several changes all are made or none",
  { skipOn: ["prosody"], why: "it does not take several at once" },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='admin'/>"));
    await juliet.receives(seen("Juliet", "affiliation='admin' role='moderator'", [110]));
    await juliet.receivesInAnyOrder(...identified(romeo, nurse));
    await nurse.receives(seen("Juliet", "affiliation='admin'"));
    await juliet.exchange(
      request(
        "set",
        "admin",
        "<item jid='nurse@example.com' affiliation='outcast'/><item jid='romeo@example.com' affiliation='outcast'/>",
      ),
      refusal("not-allowed"),
    );
    await nurse.receivesNothing();
    await juliet.sends(
      request(
        "set",
        "admin",
        "<item jid='nurse@example.com' affiliation='member'/><item jid='tybalt@example.com' affiliation='outcast'/>",
      ),
    );
    await nurse.receives(seen("Nurse", "affiliation='member' role='participant'", [110]));
  },
);

scenario("§9.2: a ban of a domain holds for all of it", async (stage) => {
  const { romeo } = await verona(stage);
  const paris = await stage.connect("paris@example.net/palace");
  await romeo.sends(request("set", "admin", "<item jid='example.net' affiliation='outcast'/>"));
  await romeo.receivesInAnyOrder(done, listed("example.net", "outcast"));
  await paris.exchange(entering("Paris"), failed("presence", "forbidden"));
});

scenario("§9.3, §9.4, §9.5: membership is granted, listed and revoked", async (stage) => {
  const { romeo, juliet, nurse } = await verona(stage);
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='member'/>"));
  await juliet.receives(seen("Juliet", "affiliation='member' role='participant'", [110]));
  await nurse.receives(seen("Juliet", "affiliation='member' role='participant'"));
  await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='member'"));
  await romeo.exchange(
    request("get", "admin", "<item affiliation='member'/>"),
    `<iq type='result'><query xmlns='http://jabber.org/protocol/muc#admin'>
      <item affiliation='member' jid='juliet@example.com'/></query></iq>`,
  );
  await nurse.exchange(request("get", "admin", "<item affiliation='member'/>"), refusal("forbidden"));
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='none'/>"));
  await juliet.receives(seen("Juliet", "affiliation='none' role='participant'", [110]));
});

scenario(
  "§9.4: who loses membership of a members-only room is out",
  { skipOn: ["prosody"], why: "it has no members of the room removed by its configuration" },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='member'/>"));
    await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='member'"));
    await juliet.receives(seen("Juliet", "affiliation='member'", [110]));
    await configures(romeo, { "muc#roomconfig_membersonly": "1" });
    await nurse.receives(seen("Juliet", "affiliation='member'"));
    await nurse.receives(seen("Nurse", "affiliation='none' role='none'", [110, 322], "unavailable")); // §10.2
    await juliet.receivesInAnyOrder(
      seen("Nurse", "role='none'", [322], "unavailable"),
      "<message type='groupchat'><x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x></message>",
    );
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='none'/>"));
    await juliet.receives(seen("Juliet", "affiliation='none' role='none'", [110, 321], "unavailable"));
    await juliet.exchange(entering("Juliet"), failed("presence", "registration-required"));
  },
);

scenario(
  "§9.6 to §9.8: moderators are made, listed and unmade",
  { skipOn: ["prosody"], why: "it shows no addresses to new moderators" },
  async (stage) => {
    const { romeo, juliet, nurse } = await verona(stage);
    await romeo.sends(request("set", "admin", "<item nick='Juliet' role='moderator'/>"));
    await juliet.receives(seen("Juliet", `role='moderator' jid='${juliet}'`, [110]));
    await juliet.receivesInAnyOrder(...identified(romeo, nurse));
    await nurse.receives(seen("Juliet", "role='moderator'"));
    await romeo.receivesInAnyOrder(done, seen("Juliet", "role='moderator'"));
    await romeo.exchange(
      request("get", "admin", "<item role='moderator'/>"),
      `<iq type='result'><query xmlns='http://jabber.org/protocol/muc#admin'>
      <item nick='Romeo' role='moderator'/><item nick='Juliet' role='moderator'/></query></iq>`,
    );
    await romeo.sends(request("set", "admin", "<item nick='Juliet' role='participant'/>"));
    await juliet.receives(seen("Juliet", "role='participant'", [110]));
  },
);

scenario(
  "§10.3, §10.4, §10.5: owners are made and unmade, but for the last",
  { skipOn: ["prosody"], why: "it says not-allowed to those without rights" },
  async (stage) => {
    const { romeo, juliet } = await verona(stage);
    await romeo.exchange(
      request("set", "admin", "<item jid='romeo@example.com' affiliation='none'/>"),
      refusal("conflict"),
    );
    await juliet.exchange(
      request("set", "admin", "<item jid='juliet@example.com' affiliation='owner'/>"),
      refusal("forbidden"),
    );
    await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='owner'/>"));
    await romeo.receivesInAnyOrder(done, seen("Juliet", "affiliation='owner' role='moderator'"));
    await romeo.exchange(
      request("get", "admin", "<item affiliation='owner'/>"),
      `<iq type='result'><query xmlns='http://jabber.org/protocol/muc#admin'>
      <item affiliation='owner' jid='romeo@example.com'/><item affiliation='owner' jid='juliet@example.com'/></query></iq>`,
    );
    await romeo.sends(request("set", "admin", "<item jid='romeo@example.com' affiliation='admin'/>"));
    await romeo.receivesInAnyOrder(done, seen("Romeo", "affiliation='admin' role='moderator'", [110]));
    await romeo.exchange(request("get", "owner", ""), refusal("forbidden"));
  },
);

scenario(
  "§17.4: role and affiliation at once, or neither, are not understood",
  { skipOn: ["prosody"], why: "it says not-acceptable" },
  async (stage) => {
    const { romeo } = await verona(stage);
    for (const item of [
      "<item nick='Juliet' role='none' affiliation='none'/>",
      "<item nick='Juliet'/>",
      "",
      "<item role='king' nick='Juliet'/>",
    ]) {
      await romeo.exchange(request("set", "admin", item), refusal("bad-request"));
    }
    await romeo.exchange(
      request("set", "admin", "<item jid='juliet@example.com' role='none'/>"),
      refusal("bad-request"),
    );
    await romeo.exchange(request("set", "admin", "<item nick='Tybalt' role='none'/>"), refusal("item-not-found"));
    await romeo.exchange(
      request("get", "admin", "<item affiliation='owner'/>", "void@conference.example.com"),
      refusal("item-not-found"),
    );
  },
);
