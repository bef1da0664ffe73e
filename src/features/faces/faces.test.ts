import assert from "node:assert/strict";
import type { Packet } from "#core/packet.ts";
import { Jid } from "#jid/jid.ts";
import { Stanza } from "#stanza/stanza.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import { parseText } from "#xml/parser.ts";

const aliased: ScenarioOptions = {
  domains: ["obs.example"],
  aliases: { "obs.example": ["jabber.obs.example"] },
  skipOn: ["prosody"],
  why: "no other server knows aliases",
};

/** Another server: what it is sent, and what it sends. */
function elsewhere({ assembly }: Stage) {
  const { router } = assembly.server;
  const sent: Stanza[] = [];
  let heard = () => {};
  router.remote = ({ stanza }: Packet) => {
    sent.push(stanza);
    heard();
  };
  return {
    async sends(text: string): Promise<void> {
      const element = parseText(text.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'"));
      const { from, to } = element.attrs;
      const kind = element.name as "message";
      await router.accept(Stanza.of(kind, element, Jid.parse(from!), Jid.parse(to!)));
    },
    async receives(): Promise<Stanza> {
      while (sent.length === 0) await new Promise<void>((resolve) => (heard = resolve));
      return sent.shift()!;
    },
  };
}

scenario("a contact elsewhere always sees the address that it wrote to first", aliased, async (stage) => {
  const far = elsewhere(stage);
  const pierre = await stage.connect("pmartin@obs.example/work");
  await far.sends(
    "<message from='eve@far.example/x' to='pmartin@jabber.obs.example' type='chat'><body>Hi</body></message>",
  );
  await pierre.receives("<message from='eve@far.example/x' to='pmartin@obs.example'><body>Hi</body></message>");
  await pierre.sends("<message to='eve@far.example' type='chat'><body>Salut</body></message>");
  assert.equal((await far.receives()).from.toString(), "pmartin@jabber.obs.example/work");
  await far.sends(
    "<message from='eve@far.example/x' to='pmartin@obs.example' type='chat'><body>Again</body></message>",
  );
  await pierre.receives("<message from='eve@far.example/x'><body>Again</body></message>");
  await pierre.sends("<message to='eve@far.example' type='chat'><body>Encore</body></message>");
  assert.equal((await far.receives()).from.toString(), "pmartin@jabber.obs.example/work");
});

scenario("subscription and presence elsewhere carry the one address", aliased, async (stage) => {
  const far = elsewhere(stage);
  const pierre = await stage.connect("pmartin@obs.example/work");
  await far.sends("<presence from='eve@far.example' to='pmartin@jabber.obs.example' type='subscribe'/>");
  await pierre.receives("<presence from='eve@far.example' type='subscribe'/>");
  await pierre.sends("<presence to='eve@far.example' type='subscribed'/>");
  const stanzas = [await far.receives(), await far.receives()];
  assert.deepEqual(
    stanzas.map(({ type, from }) => `${type} ${from}`),
    ["subscribed pmartin@jabber.obs.example", " pmartin@jabber.obs.example/work"],
  );
  await pierre.sends("<presence><show>away</show></presence>");
  assert.equal((await far.receives()).from.toString(), "pmartin@jabber.obs.example/work");
});

scenario("a person who writes first is known by the address that their client uses", aliased, async (stage) => {
  const far = elsewhere(stage);
  const anne = await stage.connect("adupont@obs.example/home", { face: "jabber.obs.example" });
  await anne.sends("<message to='eve@far.example' type='chat'><body>Salut</body></message>");
  assert.equal((await far.receives()).from.toString(), "adupont@jabber.obs.example/home");
  const work = await stage.connect("adupont@obs.example/work");
  await work.sends("<message to='eve@far.example' type='chat'><body>Salut</body></message>");
  assert.equal((await far.receives()).from.toString(), "adupont@jabber.obs.example/work");
});

scenario("a request is answered from the address that was asked, each time", aliased, async (stage) => {
  const far = elsewhere(stage);
  for (const domain of ["jabber.obs.example", "obs.example", "jabber.obs.example"]) {
    await far.sends(`<iq from='eve@far.example/x' to='${domain}' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const answer = await far.receives();
    assert.equal(answer.from.toString(), domain);
    assert.equal(answer.type, "result");
  }
});

scenario("an error goes back from the address that was written to", aliased, async (stage) => {
  const far = elsewhere(stage);
  await far.sends(
    "<message from='eve@far.example/x' to='nobody@jabber.obs.example' type='chat' id='1'><body>Hi</body></message>",
  );
  const error = await far.receives();
  assert.equal(error.from.toString(), "nobody@jabber.obs.example");
  assert.equal(error.type, "error");
});
