import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Client } from "#test/harness/client.ts";
import { awaits, befriend, type Cast, lacking, neighbourhood } from "./neighbours.ts";

/** What people do with each other, over three servers: ours, Debian's Prosody and Debian's ejabberd. */

const skip = lacking("dnsmasq-base", "prosody", "ejabberd");
const nick = "http://jabber.org/protocol/nick";

/** A client says that it wants nicknames (XEP-0115, XEP-0163), and answers the questions of both servers about it. */
async function wantsNicknames(client: Client): Promise<void> {
  const ver = createHash("sha1").update(`client/pc//${client}<${nick}+notify<`).digest("base64");
  const node = "https://client.example";
  await client.sends(
    `<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='${node}' ver='${ver}'/></presence>`,
  );
  for (const _ of ["its own server", "the other"]) {
    const { attrs } = await awaits(
      client,
      "<iq type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    await client.sends(
      `<iq type='result' id='${attrs.id}' to='${attrs.from}'><query xmlns='http://jabber.org/protocol/disco#info' node='${node}#${ver}'><identity category='client' type='pc' name='${client}'/><feature var='${nick}+notify'/></query></iq>`,
    );
  }
}

describe("with Prosody and ejabberd", { skip, timeout: 120_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let cast: Cast;
  before(async () => {
    cast = await neighbourhood(
      { after: (end) => ends.push(end) },
      {
        ours: { aliases: ["im.ours.example"], settings: { mam: { default: "always" } } },
      },
    );
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const name of ["prosody", "ejabberd"] as const) {
    describe(name, () => {
      const pair = async (one: string, other: string, options = {}) =>
        [await cast.ours.connect(`${one}-${name}`, options), await cast[name].connect(other, options)] as const;

      test("contacts see each other come and go, and talk", async () => {
        const [romeo, juliet] = await pair("romeo", "juliet");
        await befriend(romeo, juliet);
        await romeo.sends("<presence><show>away</show><status>Mantua</status></presence>");
        await awaits(juliet, `<presence from='${romeo}'><show>away</show><status>Mantua</status></presence>`);
        await juliet.sends("<presence><show>dnd</show></presence>");
        await awaits(romeo, `<presence from='${juliet}'><show>dnd</show></presence>`);
        await romeo.sends(`<message to='${juliet.jid.bare}' type='chat' id='1'><body>Hé ho 🙂</body></message>`);
        await awaits(juliet, `<message from='${romeo}' type='chat' id='1'><body>Hé ho 🙂</body></message>`);
        await juliet.sends(`<message to='${romeo.jid.bare}' type='chat' id='2'><body>&lt;Hey&gt;</body></message>`);
        await awaits(romeo, `<message from='${juliet}' type='chat' id='2'><body>&lt;Hey&gt;</body></message>`);
        await juliet.disconnect();
        await awaits(romeo, `<presence from='${juliet}' type='unavailable'/>`);
        const again = await cast[name].connect("juliet");
        await awaits(romeo, `<presence from='${again}'/>`);
        await awaits(again, `<presence from='${romeo}'><show>away</show></presence>`);
        await romeo.disconnect();
        await awaits(again, `<presence from='${romeo}' type='unavailable'/>`);
        await again.disconnect();
      });

      test("an approval that is taken back ends presence", async () => {
        const [romeo, nurse] = await pair("friar", "nurse");
        await befriend(romeo, nurse);
        await romeo.sends(`<presence to='${nurse.jid.bare}' type='unsubscribed'/>`);
        await awaits(nurse, `<presence from='${romeo}' type='unavailable'/>`);
        await nurse.sends(`<presence to='${romeo.jid.bare}' type='unsubscribed'/>`);
        await awaits(romeo, `<presence from='${nurse}' type='unavailable'/>`);
        await Promise.all([romeo.disconnect(), nurse.disconnect()]);
      });

      test("questions and their answers: discovery, vCard, ping", async () => {
        const [mercutio, rosaline] = await pair("mercutio", "rosaline");
        const vcard = (of: Client) => `<vCard xmlns='vcard-temp'><FN>${of.jid.local}</FN></vCard>`;
        for (const [one, other] of [
          [mercutio, rosaline],
          [rosaline, mercutio],
        ] as const) {
          await other.sends(`<iq type='set' id='v'>${vcard(other)}</iq>`);
          await awaits(other, "<iq type='result' id='v'/>");
          await one.sends(`<iq type='get' id='card' to='${other.jid.bare}'><vCard xmlns='vcard-temp'/></iq>`);
          await awaits(one, `<iq type='result' id='card' from='${other.jid.bare}'>${vcard(other)}</iq>`);
          const info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
          await one.sends(`<iq type='get' id='d' to='${other.jid.domain}'>${info}</iq>`);
          await awaits(one, `<iq type='result' id='d' from='${other.jid.domain}'>${info}</iq>`);
          await one.sends(`<iq type='get' id='p' to='${other.jid.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
          await awaits(one, `<iq type='result' id='p' from='${other.jid.domain}'/>`);
          await one.sends(`<iq type='get' id='q' to='${other}'><query xmlns='jabber:iq:version'/></iq>`);
          await awaits(other, `<iq type='get' id='q' from='${one}'/>`);
          await other.sends(
            `<iq type='result' id='q' to='${one}'><query xmlns='jabber:iq:version'><name>x</name></query></iq>`,
          );
          await awaits(one, `<iq type='result' id='q' from='${other}'/>`);
          await one.sends(`<iq type='get' id='n' to='nobody@${other.jid.domain}'><vCard xmlns='vcard-temp'/></iq>`);
          await awaits(one, `<iq id='n' from='nobody@${other.jid.domain}'/>`);
        }
        await Promise.all([mercutio.disconnect(), rosaline.disconnect()]);
      });

      for (const side of ["ours", "theirs"] as const) {
        test(`a room of ${side}: messages, private ones, leaving`, async () => {
          const [benvolio, tybalt] = await pair("benvolio", "tybalt");
          const [host, guest] = side === "ours" ? [benvolio, tybalt] : [tybalt, benvolio];
          const room = `square@conference.${host.jid.domain}`;
          const muc = "<x xmlns='http://jabber.org/protocol/muc'/>";
          const user = "http://jabber.org/protocol/muc#user";
          await host.sends(`<presence to='${room}/host'>${muc}</presence>`);
          const entered = await awaits(
            host,
            `<presence from='${room}/host'><x xmlns='${user}'><status code='110'/></x></presence>`,
          );
          if (`${entered}`.includes("201")) {
            await host.sends(
              `<iq type='set' id='c' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
            );
            await awaits(host, "<iq type='result' id='c'/>");
          }
          await guest.sends(`<presence to='${room}/guest'>${muc}</presence>`);
          await awaits(guest, `<presence from='${room}/guest'><x xmlns='${user}'><status code='110'/></x></presence>`);
          await awaits(host, `<presence from='${room}/guest'/>`);
          await guest.sends(`<message to='${room}' type='groupchat'><body>Peace</body></message>`);
          for (const one of [host, guest]) {
            await awaits(one, `<message from='${room}/guest' type='groupchat'><body>Peace</body></message>`);
          }
          await host.sends(`<message to='${room}' type='groupchat'><body>I hate the word</body></message>`);
          await awaits(guest, `<message from='${room}/host' type='groupchat'><body>I hate the word</body></message>`);
          await guest.sends(`<message to='${room}/host' type='chat'><body>Psst</body></message>`);
          await awaits(host, `<message from='${room}/guest' type='chat'><body>Psst</body></message>`);
          await host.sends(`<message to='${room}/guest' type='chat'><body>What?</body></message>`);
          await awaits(guest, `<message from='${room}/host' type='chat'><body>What?</body></message>`);
          await guest.drop();
          await awaits(host, `<presence from='${room}/guest' type='unavailable'/>`);
          await host.disconnect();
        });
      }

      test("what contacts publish comes to who wants it (PEP)", async () => {
        const [romeo, paris] = await pair("escalus", "paris");
        await befriend(romeo, paris);
        for (const [one, other] of [
          [romeo, paris],
          [paris, romeo],
        ] as const) {
          await wantsNicknames(other);
          await one.settles();
          await one.sends(
            `<iq type='set' id='pub'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${nick}'><item><nick xmlns='${nick}'>${one.jid.local}</nick></item></publish></pubsub></iq>`,
          );
          await awaits(
            other,
            `<message from='${one.jid.bare}'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='${nick}'><item><nick xmlns='${nick}'>${one.jid.local}</nick></item></items></event></message>`,
          );
        }
        await Promise.all([romeo.disconnect(), paris.disconnect()]);
      });

      test("files: in-band bytes and offers of addresses pass", async () => {
        const [antony, lady] = await pair("antony", "lady");
        for (const [one, other] of [
          [antony, lady],
          [lady, antony],
        ] as const) {
          for (const [id, payload] of [
            ["1", "<open xmlns='http://jabber.org/protocol/ibb' sid='s' block-size='4096'/>"],
            ["2", `<data xmlns='http://jabber.org/protocol/ibb' sid='s' seq='0'>${"QUJD".repeat(1024)}</data>`],
            [
              "3",
              "<query xmlns='http://jabber.org/protocol/bytestreams' sid='t'><streamhost jid='proxy.ours.example' host='192.0.2.1' port='7777'/></query>",
            ],
          ]) {
            await one.sends(`<iq type='set' id='${id}' to='${other}'>${payload}</iq>`);
            await awaits(other, `<iq type='set' id='${id}' from='${one}'>${payload}</iq>`);
            await other.sends(`<iq type='result' id='${id}' to='${one}'/>`);
            await awaits(one, `<iq type='result' id='${id}' from='${other}'/>`);
          }
        }
        await Promise.all([antony.disconnect(), lady.disconnect()]);
      });

      test("the archive keeps what was said with people elsewhere", async () => {
        const [chorus, peter] = await pair("chorus", "peter");
        await chorus.sends(`<message to='${peter}' type='chat'><body>Two households</body></message>`);
        await awaits(peter, "<message><body>Two households</body></message>");
        await peter.sends(`<message to='${chorus}' type='chat'><body>Both alike</body></message>`);
        await awaits(chorus, "<message><body>Both alike</body></message>");
        const query = "<query xmlns='urn:xmpp:mam:2'";
        await chorus.sends(
          `<iq type='set' id='a'>${query}><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field><field var='with'><value>${peter.jid.bare}</value></field></x></query></iq>`,
        );
        const kept = ["Two households", "Both alike"];
        for (const body of kept) {
          await awaits(
            chorus,
            `<message><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>${body}</body></message></forwarded></result></message>`,
          );
        }
        await awaits(chorus, "<iq type='result' id='a'/>");
        await Promise.all([chorus.disconnect(), peter.disconnect()]);
      });

      test("a message waits for who is away", async () => {
        const [away, sampson] = await pair("gregory", "sampson");
        await away.disconnect();
        await sampson.sends(
          `<message to='${away.jid.bare}' type='chat'><body>Do you bite your thumb?</body></message>`,
        );
        await sampson.sends(`<iq type='get' id='p' to='ours.example'><ping xmlns='urn:xmpp:ping'/></iq>`);
        await awaits(sampson, "<iq type='result' id='p'/>");
        const back = await cast.ours.connect(`gregory-${name}`);
        await awaits(
          back,
          `<message from='${sampson}'><body>Do you bite your thumb?</body><delay xmlns='urn:xmpp:delay'/></message>`,
        );
        await Promise.all([back.disconnect(), sampson.disconnect()]);
      });

      test("people elsewhere see the address that they know, whichever name of the domain is used here", async () => {
        const known = `balthasar-${name}@im.ours.example`;
        const juliet = await cast[name].connect("juliet/alias");
        for (const face of ["ours.example", "im.ours.example"]) {
          const balthasar = await cast.ours.connect(`balthasar-${name}`, { face });
          if (face === "ours.example") {
            await juliet.sends(`<presence to='${known}' type='subscribe'/>`);
            await awaits(balthasar, `<presence from='${juliet.jid.bare}' type='subscribe'/>`);
            await balthasar.sends(`<presence to='${juliet.jid.bare}' type='subscribed'/>`);
          }
          await awaits(juliet, `<presence from='${known}/here'/>`);
          await balthasar.sends(`<message to='${juliet}' type='chat'><body>from ${face}</body></message>`);
          await awaits(juliet, `<message from='${known}/here'><body>from ${face}</body></message>`);
          await juliet.sends(`<message to='${known}' type='chat'><body>to ${face}</body></message>`);
          await awaits(balthasar, `<message from='${juliet}'><body>to ${face}</body></message>`);
          await balthasar.disconnect();
          await awaits(juliet, `<presence from='${known}/here' type='unavailable'/>`);
        }
        await juliet.disconnect();
      });
    });
  }
});
