import assert from "node:assert/strict";
import { removing } from "#core/account.ts";
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
  subject,
} from "./room.fixture.ts";

const ours = { skipOn: ["prosody"] };
const leaving = (nick: string) => `<presence to='${room}/${nick}' type='unavailable'/>`;

async function alone({ connect }: Stage) {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await opens(romeo, "Romeo");
  return { romeo, juliet };
}

scenario("the room of the guide is there, and stays", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await enters(romeo, "Romeo", [], "test@conference.example.com");
  await romeo.exchange(request("get", "owner", "", "test@conference.example.com"), refusal("forbidden"));
});

scenario(
  "owners of permanent rooms configure them, and cannot destroy them",
  { settings: { muc: { permanent: [{ room: "hall", name: "The hall", owners: ["romeo"] }] } }, ...ours },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const hall = "hall@conference.example.com";
    const self = await enters(romeo, "Romeo", [], hall);
    assert.match(self.toString(), /affiliation='owner'/);
    await romeo.exchange(request("set", "owner", "<destroy/>", hall), refusal("not-allowed"));
    await romeo.exchange(request("get", "owner", "", hall), "<iq type='result' id='q'/>");
  },
);

scenario("an empty room waits for those who come back", ours, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  const self = await enters(juliet, "Juliet");
  assert.match(self.toString(), /affiliation='none'/);
});

scenario(
  "a temporary room that stays empty is no more",
  { settings: { muc: { grace: "0 s" } }, ...ours },
  async (stage) => {
    const { romeo, juliet } = await alone(stage);
    await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
    const self = await enters(juliet, "Juliet");
    assert.match(self.toString(), /code='201'/);
  },
);

scenario("after the grace period, too", { settings: { muc: { grace: "60 ms" } }, ...ours }, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  for (;;) {
    const info = `<iq type='get' id='q' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
    await juliet.sends(info);
    if ((await juliet.next()).attrs.type === "error") break;
  }
});

scenario("a persistent room stays", { settings: { muc: { grace: "0 s" } }, ...ours }, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await configures(romeo, { "muc#roomconfig_persistentroom": "1" });
  await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  const self = await enters(juliet, "Juliet");
  assert.match(self.toString(), /affiliation='none'/);
});

scenario(
  "a room that becomes temporary while nobody is there goes as others do",
  { settings: { muc: { grace: "60 ms" } }, ...ours },
  async (stage) => {
    const { romeo, juliet } = await alone(stage);
    await configures(romeo, { "muc#roomconfig_persistentroom": "1" });
    await romeo.receivesInAnyOrder("<iq type='result'/>", "<message type='groupchat'/>");
    await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
    await configures(romeo, { "muc#roomconfig_persistentroom": "0" });
    await romeo.receives("<iq type='result' id='configure'/>");
    for (;;) {
      await juliet.sends(
        `<iq type='get' id='q' to='${room}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      );
      if ((await juliet.next()).attrs.type === "error") break;
    }
  },
);

scenario("§18.1.2: nothing is left of who is gone", ours, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  await juliet.disconnect();
  await romeo.receives(seen("Juliet", "role='none'", [], "unavailable"));
  const back = await stage.connect("juliet@example.com/balcony");
  await enters(back, "Juliet", ["Romeo"]);
});

scenario("a room that nobody may enter is not made", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(entering("x".repeat(65)), failed("presence", "not-acceptable"));
  await enters(romeo, "Romeo");
  await romeo.exchange(leaving("Romeo"), "<presence type='unavailable'/>");
  await romeo.sends(entering("Romeo"));
  await romeo.receives(seen("Romeo", "affiliation='owner'", [110, 201]));
  await romeo.receives(subject());
});

scenario("§17.2: a room that is not open yet has no messages from outside", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const juliet = await connect("juliet@example.com/balcony");
  await enters(romeo, "Romeo");
  await juliet.exchange(
    `<message to='${room}' type='groupchat'><body>Hi</body></message>`,
    failed("message", "item-not-found"),
  );
});

scenario(
  "who enters and leaves all the time is told to wait",
  { settings: { muc: { "presence-rate": 2 } }, ...ours },
  async (stage) => {
    const { romeo, juliet } = await alone(stage);
    for (let round = 0; round < 2; round++) {
      await enters(juliet, "Juliet", ["Romeo"]);
      await juliet.exchange(leaving("Juliet"), "<presence type='unavailable'/>");
      await romeo.receives(`<presence from='${room}/Juliet'/>`);
      await romeo.receives(`<presence from='${room}/Juliet' type='unavailable'/>`);
    }
    await juliet.exchange(entering("Juliet"), failed("presence", "policy-violation"));
  },
);

scenario("an account that is deleted owns no room any more", ours, async (stage) => {
  const { romeo, juliet } = await alone(stage);
  await romeo.sends(request("set", "admin", "<item jid='juliet@example.com' affiliation='owner'/>"));
  await romeo.receivesInAnyOrder("<iq type='result' id='q'/>", listed("juliet@example.com", "owner"));
  await juliet.receives(outside("owner"));
  await juliet.exchange(request("get", "owner", ""), "<iq type='result' id='q'/>");
  const host = stage.assembly.hosts.get("example.com")!;
  await host.fire(removing, { account: juliet.jid.bare });
  await juliet.receives(outside("none"));
  await juliet.exchange(request("get", "owner", ""), refusal("forbidden"));
});
