import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";
import { listing } from "./description.ts";
import { verificationOf } from "./verification.ts";

const info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";

function node(query: string, name: string): string {
  return query.replace("/>", ` node='${name}'/>`);
}

function refused(from: string, id: string, condition: string): string {
  return `<iq type='error' from='${from}' id='${id}'><error type='cancel'><${condition} xmlns='${stanzaErrors}'/></error></iq>`;
}

const ours = { skipOn: ["prosody"], why: "it leaves out what the XEP only recommends" };

/** Romeo may see Juliet's presence. */
async function befriend(juliet: { sends(text: string): Promise<void>; settles(): Promise<void> }, contact: string) {
  await juliet.sends(`<presence type='subscribed' to='${contact}'/>`);
  await juliet.settles();
}

scenario("disco: the server says what it is and can, from the very address asked", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    `<iq type='get' to='example.com' id='info1'>${info}</iq>`,
    `<iq type='result' from='example.com' to='${romeo}' id='info1'><query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='server' type='im'/><feature var='http://jabber.org/protocol/disco#info'/>
      <feature var='http://jabber.org/protocol/disco#items'/><feature var='urn:xmpp:ping'/>
      <feature var='jabber:iq:private'/><feature var='urn:xmpp:blocking'/><feature var='vcard-temp'/></query></iq>`,
  );
  await romeo.exchange(
    `<iq type='get' to='example.net' id='info2'>${info}</iq>`,
    "<iq type='result' from='example.net' id='info2'/>",
  );
});

scenario("disco: each feature is told once, without children", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const answer = await romeo.exchange(
    `<iq type='get' to='example.com' id='1'>${info}</iq>`,
    "<iq type='result' id='1'/>",
  );
  const names = answer.elements[0]!.elements.filter((one) => one.name === "feature").map((one) => one.attrs.var);
  assert.ok(names.length > 5);
  assert.deepEqual(names, [...new Set(names)]);
});

scenario("disco: one's own account", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const expected = `<iq type='result' from='juliet@example.com' id='1'>
    <query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' type='registered'/></query></iq>`;
  await juliet.exchange(`<iq type='get' to='juliet@example.com' id='1'>${info}</iq>`, expected);
});

scenario("disco: server and account support what is asked of them here", ours, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  for (const to of ["example.com", "juliet@example.com"]) {
    await juliet.exchange(
      `<iq type='get' to='${to}' id='1'>${info}</iq>`,
      `<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#info'>
        <feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/></query></iq>`,
    );
  }
  await juliet.exchange(
    `<iq type='get' to='example.com' id='2'>${info}</iq>`,
    `<iq type='result' id='2'><query xmlns='http://jabber.org/protocol/disco#info'>
      <feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/rsm'/></query></iq>`,
  );
});

scenario(
  "disco: an account is described to those alone who may see its presence (XEP-0030 §8)",
  async ({ connect, account }) => {
    const juliet = await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    await account("nurse@example.com");
    const ask = `<iq type='get' to='juliet@example.com' id='info2'>${info}</iq>`;
    await romeo.exchange(ask, refused("juliet@example.com", "info2", "service-unavailable"));
    // As if there were nobody.
    await romeo.exchange(
      `<iq type='get' to='nobody@example.com' id='3'>${info}</iq>`,
      refused("nobody@example.com", "3", "service-unavailable"),
    );
    await romeo.exchange(
      `<iq type='get' to='juliet@example.com' id='4'>${node(info, "n")}</iq>`,
      refused("juliet@example.com", "4", "service-unavailable"),
    );
    await romeo.exchange(
      "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@example.com'/></query></iq>",
      "<iq type='result' id='r'/>",
    );
    await romeo.sends("<presence type='subscribe' to='juliet@example.com'/>");
    await romeo.settles();
    await befriend(juliet, "romeo@example.com");
    await romeo.sends(ask);
    for (;;) {
      const answer = await romeo.next();
      if (answer.attrs.id !== "info2") continue;
      assert.equal(answer.attrs.type, "result");
      assert.match(answer.toString(), /<identity [^>]*category='account'/);
      break;
    }
  },
);

scenario("disco: items of the server", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.exchange(
    `<iq type='get' to='example.com' id='items1'>${items}</iq>`,
    "<iq type='result' from='example.com' id='items1'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
  );
});

scenario(
  "disco: strangers see no resources of an account, and the account no less than one that is not there",
  { skipOn: ["prosody"], why: "it answers service-unavailable, against XEP-0030 §8" },
  async ({ connect }) => {
    await connect("juliet@example.com/balcony");
    const romeo = await connect("romeo@example.com/orchard");
    for (const name of ["juliet", "nobody"]) {
      for (const query of [items, node(items, "n")]) {
        const answer = await romeo.exchange(
          `<iq type='get' to='${name}@example.com' id='1'>${query}</iq>`,
          `<iq type='result' from='${name}@example.com' id='1'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
        );
        assert.deepEqual(answer.elements[0]!.elements, []);
      }
    }
  },
);

scenario("disco: available resources of one's own account (XEP-0030 §4.1)", ours, async ({ connect }) => {
  const balcony = await connect("juliet@example.com/balcony");
  await connect("juliet@example.com/chamber");
  await connect("juliet@example.com/crypt", { presence: false });
  await balcony.settles();
  const answer = await balcony.exchange(
    `<iq type='get' to='juliet@example.com' id='items2'>${items}</iq>`,
    `<iq type='result' from='juliet@example.com' id='items2'><query xmlns='http://jabber.org/protocol/disco#items'>
      <item jid='juliet@example.com/balcony'/><item jid='juliet@example.com/chamber'/></query></iq>`,
  );
  assert.equal(answer.elements[0]!.elements.length, 2);
});

scenario("disco: unknown nodes are not found", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  for (const query of [node(info, "nothing"), node(items, "nothing")]) {
    await romeo.exchange(
      `<iq type='get' to='example.com' id='1'>${query}</iq>`,
      refused("example.com", "1", "item-not-found"),
    );
    await romeo.exchange(
      `<iq type='get' to='romeo@example.com' id='2'>${query}</iq>`,
      refused("romeo@example.com", "2", "item-not-found").replace(" from='romeo@example.com'", ""),
    );
  }
});

scenario("disco: a client answers for itself", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  const romeo = await connect("romeo@example.com/orchard");
  await juliet.sends(`<iq type='get' to='${romeo}' id='info4'>${info}</iq>`);
  await romeo.receives(`<iq type='get' from='${juliet}' id='info4'>${info}</iq>`);
});

const inside = { skipOn: ["prosody"], why: "needs our server from inside" };

scenario(
  "disco: what other features list comes in pages where they are asked for",
  inside,
  async ({ connect, assembly }) => {
    const host = assembly.hosts.get("example.com")!;
    host.hooks.on(listing, "amend", ({ to, node: name, items: list }) => {
      if (!to.isDomain || name !== undefined) return;
      for (let number = 1; number <= 5; number++)
        list.push({ jid: `room${number}.example.com`, name: `Room ${number}` });
    });
    const romeo = await connect("romeo@example.com/orchard");
    const page = (set: string) =>
      `<iq type='get' to='example.com' id='1'><query xmlns='http://jabber.org/protocol/disco#items'>
      <set xmlns='http://jabber.org/protocol/rsm'>${set}</set></query></iq>`;
    const whole = await romeo.exchange(
      `<iq type='get' to='example.com' id='0'>${items}</iq>`,
      "<iq type='result' id='0'/>",
    );
    const services = host.services.map(({ jid }) => jid.toString());
    const count = services.length + 5;
    assert.equal(whole.elements[0]!.elements.length, count);
    const first = await romeo.exchange(
      page(`<max>2</max><after>${services.at(-1)}</after>`),
      `<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#items'>
      <item jid='room1.example.com' name='Room 1'/><item jid='room2.example.com'/>
      <set xmlns='http://jabber.org/protocol/rsm'><first index='${services.length}'>room1.example.com</first>
      <last>room2.example.com</last><count>${count}</count></set></query></iq>`,
    );
    assert.equal(first.elements[0]!.elements.length, 3);
    await romeo.exchange(
      page("<max>2</max><after>room4.example.com</after>"),
      `<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='room5.example.com'/>
      <set xmlns='http://jabber.org/protocol/rsm'><count>${count}</count></set></query></iq>`,
    );
    await romeo.exchange(page("<after>gone.example.com</after>"), refused("example.com", "1", "item-not-found"));
    await romeo.exchange(
      page("<max>many</max>"),
      `<iq type='error' id='1'><error type='modify'><bad-request xmlns='${stanzaErrors}'/></error></iq>`,
    );
  },
);

scenario(
  "caps: the server announces its own in the stream features, and they are true (XEP-0115 §6.3)",
  async ({ wire, connect, account }) => {
    await account("romeo@example.com");
    const stream = await wire();
    await stream.opens("example.com");
    const secret = Buffer.from("\0romeo\0pencil").toString("base64");
    stream.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
    await stream.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    const { features } = await stream.opens("example.com");
    const caps = features.elements.find((one) => one.ns === "http://jabber.org/protocol/caps");
    assert.equal(caps?.attrs.hash, "sha-1");
    const juliet = await connect("juliet@example.com/balcony");
    const name = `${caps.attrs.node}#${caps.attrs.ver}`;
    const told = await juliet.exchange(
      `<iq type='get' to='example.com' id='1'>${node(info, name)}</iq>`,
      `<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#info' node='${name}'>
      <identity category='server' type='im'/></query></iq>`,
    );
    assert.equal(verificationOf(told.elements[0]!, "sha-1"), caps.attrs.ver);
  },
);
