import { randomBytes } from "node:crypto";
import type { Client } from "#test/harness/client.ts";
import {
  accepted,
  announces,
  block,
  bridged,
  inBand,
  leadsTo,
  linking,
  offer,
  open,
  opens,
  refused,
  sendsByProxy,
} from "#test/harness/file-bridge.ts";
import { scenario } from "#test/harness/scenario.ts";

const room = "verona@conference.example.com";

async function enters(client: Client, nick: string, others: readonly string[] = []): Promise<void> {
  await client.sends(`<presence to='${room}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  for (const who of [...others, nick]) await client.receives(`<presence from='${room}/${who}'/>`);
  await client.receives(`<message type='groupchat' from='${room}'><subject/></message>`);
}

async function founds(client: Client, nick: string, fields = ""): Promise<void> {
  await enters(client, nick);
  await client.exchange(
    `<iq type='set' id='o' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>
      <x xmlns='jabber:x:data' type='submit'>${fields}</x></query></iq>`,
    "<iq type='result' id='o'/>",
  );
}

scenario("file-bridge: a file for a room goes to the room as a link", bridged(), async (stage) => {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  await founds(romeo, "Romeo");
  const juliet = await stage.connect("juliet@example.net/balcony");
  await enters(juliet, "Juliet", ["Romeo"]);
  await romeo.receives(`<presence from='${room}/Juliet'/>`);
  const file = randomBytes(50_000);
  await sendsByProxy(stage, romeo, room, file);
  const said = linking(file, `type='groupchat' from='${room}/Romeo'`);
  await leadsTo(stage, await juliet.receives(said), file);
  await romeo.receivesInAnyOrder(
    said,
    `<message type='headline'><body>Files to ${room} go as links: …</body></message>`,
  );
});

scenario("file-bridge: who is not in a room sends nothing there", bridged(), async (stage) => {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  await founds(romeo, "Romeo");
  const juliet = await stage.connect("juliet@example.net/balcony");
  await juliet.exchange(offer(room, { size: 10 }), refused("service-unavailable"));
  await juliet.exchange(offer(`${room}/Romeo`, { size: 10 }), refused("not-acceptable"));
  await romeo.receivesNothing();
});

scenario("file-bridge: who has no voice in a room has no files for it", bridged(), async (stage) => {
  open(stage);
  const romeo = await stage.connect("romeo@example.com/orchard");
  const moderated = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  await founds(
    romeo,
    "Romeo",
    moderated("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig") +
      moderated("muc#roomconfig_moderatedroom", "1"),
  );
  const juliet = await stage.connect("juliet@example.net/balcony");
  await enters(juliet, "Juliet", ["Romeo"]);
  await juliet.exchange(offer(room, { size: 10 }), refused("service-unavailable"));
});

scenario("file-bridge: an occupant whose client takes no files gets a private message", bridged(), async (stage) => {
  open(stage);
  const juliet = await stage.connect("juliet@example.net/balcony", { presence: false });
  await announces(juliet, ["http://jabber.org/protocol/disco#info"]);
  await founds(juliet, "Juliet");
  const romeo = await stage.connect("romeo@example.com/orchard");
  await enters(romeo, "Romeo", ["Juliet"]);
  await juliet.receives(`<presence from='${room}/Romeo'/>`);
  const to = `${room}/Juliet`;
  const file = randomBytes(2_000);
  await romeo.exchange(offer(to, { size: file.length, methods: [inBand] }), accepted(inBand));
  await romeo.exchange(opens(to), "<iq type='result' id='open'/>");
  await romeo.sends(block(to, 0, file));
  await romeo.receivesInAnyOrder("<iq type='result' id='b0'/>", "<message type='headline'/>");
  const whispered = linking(file, `type='chat' from='${room}/Romeo'`);
  await leadsTo(stage, await juliet.receives(whispered), file);
  // Of the other one nothing is known: it is asked.
  await juliet.sends(offer(`${room}/Romeo`, { size: 10 }));
  await romeo.receives(`<iq type='set' from='${room}/Juliet'><si xmlns='http://jabber.org/protocol/si'/></iq>`);
});
