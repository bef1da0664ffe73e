import { scenario } from "#test/harness/scenario.ts";

const ours = { skipOn: ["prosody"], why: "each server chooses what it keeps back" };
const typing = (to: string, from: string) =>
  `<message to='${to}' type='chat' id='${from}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`;

scenario("an inactive client gets typing notices only when it wakes", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/phone", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  await romeo.receivesNothing();
  await juliet.sends(typing(`${romeo}`, "t1"));
  await juliet.settles();
  await romeo.sends("<active xmlns='urn:xmpp:csi:0'/>");
  await romeo.receives("<message id='t1'/>");
  await romeo.receivesNothing();
});

scenario("a message wakes an inactive client, and what was held comes before it", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/phone", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  await romeo.settles();
  await juliet.sends(typing(`${romeo}`, "t1"));
  await juliet.sends(`<message to='${romeo}' type='chat' id='m1'><body>Hi</body></message>`);
  await romeo.receives("<message id='t1'/>");
  await romeo.receives("<message id='m1'><body>Hi</body></message>");
});

scenario("of a contact's presence only the last is kept for an inactive client", ours, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/phone", { presence: false });
  const juliet = await connect("juliet@example.com/balcony", { presence: false });
  await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
  await romeo.settles();
  for (const show of ["away", "xa", "dnd"])
    await juliet.sends(`<presence to='${romeo}'><show>${show}</show></presence>`);
  await juliet.settles();
  await romeo.sends("<active xmlns='urn:xmpp:csi:0'/>");
  await romeo.receives(`<presence from='${juliet}'><show>dnd</show></presence>`);
  await romeo.receivesNothing();
});

scenario(
  "not more than so many stanzas are kept back",
  { ...ours, settings: { "client-state": { held: 3 } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/phone", { presence: false });
    const juliet = await connect("juliet@example.com/balcony", { presence: false });
    await romeo.sends("<inactive xmlns='urn:xmpp:csi:0'/>");
    await romeo.settles();
    for (let number = 0; number < 4; number++) await juliet.sends(typing(`${romeo}`, `t${number}`));
    for (let number = 0; number < 4; number++) await romeo.receives(`<message id='t${number}'/>`);
  },
);
