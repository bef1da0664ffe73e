import { MemoryPeople } from "#test/harness/people.ts";
import { scenario } from "#test/harness/scenario.ts";
import { entering, enters, failed, instant, opens, request, room } from "./room.fixture.ts";

const people = () =>
  new MemoryPeople([
    { user: "jdupont", displayName: "Jean Dupont", givenName: "Jean", familyName: "Dupont" },
    { user: "paul", displayName: "Paul Ochon" },
  ]);
const options = () => ({
  settings: { muc: { "look-alikes": true, creation: "anyone" } },
  people: { "example.com": people() },
  skipOn: ["prosody"],
  why: "ours alone",
});

scenario("look-alikes: who is from elsewhere does not take the name of somebody of here", options(), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const paris = await stage.connect("paris@example.net/palace");
  await opens(romeo, "Romeo");
  for (const nick of [
    "jdupont",
    "Jean Dupont",
    "jean.dupont",
    "DUPONT Jean",
    "Jеаn Duроnt",
    "PauI",
    "rоmеo",
    "Paul Ochon",
  ]) {
    await paris.exchange(entering(nick), failed("presence", "conflict"));
  }
  const refused = await paris.exchange(
    entering("PauI").replace("<presence", "<presence xml:lang='fr'"),
    failed("presence", "conflict"),
  );
  if (!refused.toString().includes("ressemble au nom")) throw new Error(`not explained: ${refused}`);
  await enters(paris, "Pâris", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Pâris'/>`);
  // A change of name is checked, too.
  await paris.exchange(`<presence to='${room}/Jean-Dupont'/>`, failed("presence", "conflict"));
  await paris.sends(`<presence to='${room}/Comte'/>`);
  await paris.receives(`<presence from='${room}/Pâris' type='unavailable'/>`);
});

scenario("look-alikes: nor the look of another nickname in the room", options(), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const paris = await stage.connect("paris@example.net/palace");
  await opens(romeo, "Chef-équipe");
  await paris.exchange(entering("chef equipe"), failed("presence", "conflict"));
  await enters(paris, "Paris", ["Chef-équipe"]);
});

scenario("look-alikes: those of here call themselves what they like", options(), async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const juliet = await stage.connect("juliet@example.com/balcony");
  await opens(romeo, "Jean Dupont");
  await enters(juliet, "jean.dupont", ["Jean Dupont"]);
});

scenario("look-alikes: rooms of people from elsewhere, by address and by name", options(), async (stage) => {
  const paris = await stage.connect("paris@example.net/palace");
  const own = "palace@conference.example.com";
  await paris.exchange(entering("Paris", "", "jean.dupont@conference.example.com"), failed("presence", "not-allowed"));
  await enters(paris, "Paris", [], own);
  await instant(paris, own);
  const named = (name: string) =>
    request(
      "set",
      "owner",
      `<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_roomname'><value>${name}</value></field></x>`,
      own,
    );
  await paris.exchange(
    named("Jean Dupоnt"),
    "<iq type='error' id='q'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  await paris.sends(named("Palace of Paris"));
  await paris.receivesInAnyOrder("<message type='groupchat'/>", "<iq type='result' id='q'/>");
});

const failing = options();
scenario("look-alikes: while the directory does not answer nobody new comes from elsewhere", failing, async (stage) => {
  const romeo = await stage.connect("romeo@example.com/orchard");
  const paris = await stage.connect("paris@example.net/palace");
  await opens(romeo, "Romeo");
  failing.people["example.com"].fail = true;
  await paris.exchange(entering("Benvolio"), failed("presence", "resource-constraint"));
  failing.people["example.com"].fail = false;
  await enters(paris, "Benvolio", ["Romeo"]);
});

scenario(
  "look-alikes: nothing of this where the settings do not ask for it",
  { skipOn: ["prosody"], why: "ours alone" },
  async (stage) => {
    const romeo = await stage.connect("romeo@example.com/orchard");
    const paris = await stage.connect("paris@example.net/palace");
    await opens(romeo, "Romeo");
    await enters(paris, "rоmеo", ["Romeo"]);
  },
);
