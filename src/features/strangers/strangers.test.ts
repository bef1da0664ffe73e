import { scenario } from "#test/harness/scenario.ts";

const two = { domains: ["two.example"] };
const servers = (choice: string) => [{ domains: ["one.example"], settings: { strangers: { default: choice } } }, two];
const says = (to: string, id: string) => `<message type='chat' to='${to}' id='${id}'><body>Hi</body></message>`;
const commands = "http://jabber.org/protocol/commands";

scenario("strangers: by default everybody may write", { servers: servers("accept") }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await juliet.sends(says("romeo@one.example", "1"));
  await romeo.receives("<message id='1'/>");
});

scenario(
  "strangers: refused with the reason; colleagues and answers pass",
  { servers: servers("refuse") },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const paris = await connect("paris@one.example/tomb");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.exchange(
      says("romeo@one.example", "1"),
      "<message type='error' id='1'><error><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>…contacts only…</text></error></message>",
    );
    await paris.sends(says("romeo@one.example", "2"));
    await romeo.receives("<message id='2'/>");
    await romeo.sends(says(`${juliet}`, "3"));
    await juliet.receives("<message id='3'/>");
    await juliet.sends(says(`${romeo}`, "4"));
    await romeo.receives("<message id='4'/>");
  },
);

scenario(
  "strangers: held, announced once, and released when the contact is accepted",
  { servers: servers("hold") },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends(
      "<message type='chat' to='romeo@one.example'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );
    await juliet.sends(says("romeo@one.example", "1"));
    await juliet.sends(says("romeo@one.example", "2"));
    await romeo.receives("<message from='one.example'><body>juliet@two.example…</body></message>");
    await juliet.sends("<presence type='subscribe' to='romeo@one.example'/>");
    await romeo.receives("<presence type='subscribe' from='juliet@two.example'/>");
    await romeo.sends("<presence type='subscribed' to='juliet@two.example'/>");
    await romeo.receives(
      `<message from='${juliet}' id='1'><delay xmlns='urn:xmpp:delay' from='one.example'/></message>`,
    );
    await romeo.receives(`<message from='${juliet}' id='2'/>`);
    await juliet.sends(says("romeo@one.example", "3"));
    await romeo.receives("<message id='3'/>");
  },
);

scenario("strangers: refusing the contact drops what is held", { servers: servers("hold") }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  await juliet.sends(says("romeo@one.example", "1"));
  await romeo.receives("<message from='one.example'/>");
  await romeo.sends("<presence type='unsubscribed' to='juliet@two.example'/>");
  await romeo.sends(says(`${juliet}`, "2"));
  await juliet.receives("<message id='2'/>");
  await romeo.receivesNothing();
});

scenario(
  "strangers: only so many are held",
  { servers: [{ domains: ["one.example"], settings: { strangers: { default: "hold", "held-each": 1 } } }, two] },
  async ({ connect }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const juliet = await connect("juliet@two.example/balcony");
    await juliet.sends(says("romeo@one.example", "1"));
    await romeo.receives("<message from='one.example'/>");
    await juliet.exchange(says("romeo@one.example", "2"), "<message type='error' id='2'/>");
  },
);

scenario("strangers: everybody chooses", { servers: servers("accept") }, async ({ connect }) => {
  const romeo = await connect("romeo@one.example/orchard");
  const juliet = await connect("juliet@two.example/balcony");
  const first = await romeo.exchange(
    `<iq type='set' id='c' to='romeo@one.example'><command xmlns='${commands}' node='urn:parloir:strangers'/></iq>`,
    `<iq type='result' id='c'><command xmlns='${commands}' status='executing'/></iq>`,
  );
  const { sessionid } = first.elements[0]!.attrs;
  await romeo.exchange(
    `<iq type='set' id='d' to='romeo@one.example'><command xmlns='${commands}' node='urn:parloir:strangers' sessionid='${sessionid}' action='complete'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:parloir:strangers</value></field><field var='choice'><value>refuse</value></field></x></command></iq>`,
    `<iq type='result' id='d'><command xmlns='${commands}' status='completed'/></iq>`,
  );
  await juliet.exchange(says("romeo@one.example", "1"), "<message type='error' id='1'/>");
  await juliet.exchange(
    `<iq type='set' id='c' to='romeo@one.example'><command xmlns='${commands}' node='urn:parloir:strangers'/></iq>`,
    "<iq type='error' id='c'/>",
  );
});
