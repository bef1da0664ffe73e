import assert from "node:assert/strict";
import type { Client } from "#test/harness/client.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";

// One account under each of its addresses: login@obs.example is login@jabber.obs.example.

const faces: ScenarioOptions = {
  domains: ["obs.example"],
  aliases: { "obs.example": ["jabber.obs.example"] },
  skipOn: ["prosody"],
  why: "no other server knows aliases",
};

async function through(stage: Stage, jid: string, face: string): Promise<Client> {
  return stage.connect(jid, { face });
}

scenario("a login under the alias is a login to the same account", faces, async (stage) => {
  const work = await stage.connect("pmartin@obs.example/work");
  const home = await through(stage, "pmartin@obs.example/home", "jabber.obs.example");
  assert.equal(home.toString(), "pmartin@jabber.obs.example/home");
  await work.receives("<presence from='pmartin@obs.example/home'/>");
  await home.receives("<presence from='pmartin@jabber.obs.example/work'/>");
});

scenario("a message to either form arrives, and each sees the other in its own form", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  const anne = await through(stage, "adupont@obs.example/home", "jabber.obs.example");
  await pierre.sends("<message to='adupont@jabber.obs.example' type='chat' id='1'><body>Salut</body></message>");
  await anne.receives(
    "<message from='pmartin@jabber.obs.example/work' to='adupont@jabber.obs.example' id='1'><body>Salut</body></message>",
  );
  await anne.sends(
    "<message to='pmartin@jabber.obs.example/work' type='chat' id='2'><body>adupont@obs.example</body></message>",
  );
  await pierre.receives(
    "<message from='adupont@obs.example/home' to='pmartin@obs.example/work' id='2'><body>adupont@obs.example</body></message>",
  );
});

scenario("a contact added under one form and then the other is one contact", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  await stage.account("adupont@obs.example");
  for (const form of ["adupont@jabber.obs.example", "adupont@obs.example"]) {
    await pierre.sends(
      `<iq type='set' id='${form}'><query xmlns='jabber:iq:roster'><item jid='${form}' name='Anne'/></query></iq>`,
    );
    await pierre.receives(`<iq type='result' id='${form}'/>`);
  }
  const answer = await pierre.exchange(
    "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='r'><query xmlns='jabber:iq:roster'><item jid='adupont@obs.example'/></query></iq>",
  );
  assert.equal(answer.elements[0]!.elements.length, 1);
  const home = await through(stage, "pmartin@obs.example/home", "jabber.obs.example");
  await home.exchange(
    "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='r'><query xmlns='jabber:iq:roster'><item jid='adupont@jabber.obs.example'/></query></iq>",
  );
});

scenario("subscription through the alias: presence flows in each one's form", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  const anne = await through(stage, "adupont@obs.example/home", "jabber.obs.example");
  await anne.exchange("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", "<iq type='result' id='r'/>");
  await anne.sends("<presence to='pmartin@jabber.obs.example' type='subscribe'/>");
  await anne.receives(
    "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='pmartin@jabber.obs.example' ask='subscribe'/></query></iq>",
  );
  await pierre.receives("<presence from='adupont@obs.example' type='subscribe'/>");
  await pierre.sends("<presence to='adupont@jabber.obs.example' type='subscribed'/>");
  await anne.receivesInAnyOrder(
    "<presence from='pmartin@jabber.obs.example' type='subscribed'/>",
    "<iq type='set'><query xmlns='jabber:iq:roster'><item jid='pmartin@jabber.obs.example' subscription='to'/></query></iq>",
    "<presence from='pmartin@jabber.obs.example/work'/>",
  );
});

scenario("discovery, ping and vCards answer from the form that was asked", faces, async (stage) => {
  const anne = await through(stage, "adupont@obs.example/home", "jabber.obs.example");
  await stage.account("pmartin@obs.example");
  await anne.exchange(
    "<iq type='get' id='1' to='jabber.obs.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='1' from='jabber.obs.example'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='server'/></query></iq>",
  );
  await anne.exchange(
    "<iq type='get' id='2' to='jabber.obs.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<iq type='result' id='2' from='jabber.obs.example'/>",
  );
  await anne.exchange(
    "<iq type='get' id='3' to='pmartin@jabber.obs.example'><vCard xmlns='vcard-temp'/></iq>",
    "<iq id='3' from='pmartin@jabber.obs.example'/>",
  );
});

scenario("somebody blocked under one form is blocked under the other", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  const anne = await through(stage, "adupont@obs.example/home", "jabber.obs.example");
  await pierre.exchange(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='adupont@jabber.obs.example'/></block></iq>",
    "<iq type='result' id='b'/>",
  );
  await anne.exchange(
    "<message to='pmartin@jabber.obs.example' type='chat' id='1'><body>Salut</body></message>",
    "<message type='error' id='1' from='pmartin@jabber.obs.example'/>",
  );
  await pierre.receivesNothing();
});

scenario("an offline message written to the alias is there at a login under the other form", faces, async (stage) => {
  const anne = await through(stage, "adupont@obs.example/home", "jabber.obs.example");
  await stage.account("pmartin@obs.example");
  await anne.sends("<message to='pmartin@jabber.obs.example' type='chat' id='1'><body>Salut</body></message>");
  await anne.settles();
  const pierre = await stage.connect("pmartin@obs.example/work");
  await pierre.receives(
    "<message from='adupont@obs.example/home' to='pmartin@obs.example' id='1'><body>Salut</body></message>",
  );
});
