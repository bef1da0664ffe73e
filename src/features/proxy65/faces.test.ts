import assert from "node:assert/strict";
import { type ScenarioOptions, scenario } from "#test/harness/scenario.ts";
import { activation, address, waiting } from "#test/harness/socks.ts";
import { destination } from "./destinations.ts";

// The guide of an institute: accounts at one name of the domain, the proxy typed under another.

const faces: ScenarioOptions = {
  domains: ["obs.example"],
  aliases: { "obs.example": ["jabber.obs.example", "old.obs.example"] },
  skipOn: ["prosody"],
  why: "no other server knows aliases",
};
const bytestreams = "http://jabber.org/protocol/bytestreams";
const names = ["obs.example", "jabber.obs.example", "old.obs.example"];

for (const face of names) {
  scenario(`proxy65: under the name ${face}, each name asked is the name that answers`, faces, async (stage) => {
    const anne = await stage.connect("adupont@obs.example/home", { face });
    for (const asked of names.flatMap((name) => [name, `proxy.${name}`])) {
      await anne.exchange(
        address(asked, `a-${asked}`),
        `<iq type='result' id='a-${asked}' from='${asked}' to='adupont@${face}/home'>
          <query xmlns='${bytestreams}'><streamhost jid='${asked}' host='${asked.replace("proxy.", "")}' port='7777'/></query></iq>`,
      );
      await anne.exchange(
        activation(`s-${asked}`, "x@y.example/z", asked),
        `<iq type='error' id='s-${asked}' from='${asked}'/>`,
      );
    }
  });
}

scenario(
  "proxy65: an address that is configured is told whatever the name",
  { ...faces, settings: { proxy65: { public: ["chat.obs.example", "192.0.2.1"] } } },
  async ({ connect }) => {
    const anne = await connect("adupont@obs.example/home");
    for (const asked of names) {
      await anne.exchange(
        address(asked, `a-${asked}`),
        `<iq type='result' id='a-${asked}' from='${asked}'><query xmlns='${bytestreams}'>
          <streamhost jid='${asked}' host='chat.obs.example'/><streamhost jid='${asked}' host='192.0.2.1'/></query></iq>`,
      );
    }
  },
);

scenario("proxy65: each side knows the other under a name of its own, and they meet", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  const anne = await stage.connect("adupont@obs.example/home", { face: "jabber.obs.example" });
  // Pierre sends to the address in his contact list; each hashes what it sees.
  const [own, other] = ["pmartin@obs.example/work", "adupont@obs.example/home"];
  const from = await waiting(stage, destination("s1", own, other));
  const to = await waiting(stage, destination("s1", "pmartin@jabber.obs.example/work", `${anne}`));
  await pierre.exchange(
    activation("s1", other, "jabber.obs.example"),
    "<iq type='result' id='s1' from='jabber.obs.example'/>",
  );
  from.writes("Bonjour");
  assert.equal(String(await to.reads(7)), "Bonjour");
});

scenario("proxy65: what one side calls the proxy, the other calls it too", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  const anne = await stage.connect("adupont@obs.example/home", { face: "jabber.obs.example" });
  for (const proxy of names.flatMap((name) => [name, `proxy.${name}`])) {
    for (const [one, other, seen] of [
      [pierre, "adupont@obs.example/home", "pmartin@jabber.obs.example/work"],
      [anne, "pmartin@jabber.obs.example/work", "adupont@obs.example/home"],
    ] as const) {
      const reader = one === pierre ? anne : pierre;
      await one.sends(
        `<iq type='set' id='${proxy}' to='${other}'><query xmlns='${bytestreams}' sid='s1'>
          <streamhost jid='${proxy}' host='192.0.2.1' port='7777'/></query></iq>`,
      );
      await reader.receives(
        `<iq type='set' id='${proxy}' from='${seen}'><query xmlns='${bytestreams}' sid='s1'>
          <streamhost jid='${proxy}'/></query></iq>`,
      );
      await reader.sends(
        `<iq type='result' id='${proxy}' to='${seen}'><query xmlns='${bytestreams}' sid='s1'>
          <streamhost-used jid='${proxy}'/></query></iq>`,
      );
      await one.receives(
        `<iq type='result' id='${proxy}' from='${other}'><query xmlns='${bytestreams}'>
          <streamhost-used jid='${proxy}'/></query></iq>`,
      );
    }
  }
});

scenario("an answer comes from the form of an address that was asked", faces, async (stage) => {
  const pierre = await stage.connect("pmartin@obs.example/work");
  const anne = await stage.connect("adupont@obs.example/home", { face: "jabber.obs.example" });
  await pierre.sends("<iq type='get' id='v' to='adupont@old.obs.example/home'><query xmlns='jabber:iq:version'/></iq>");
  await anne.receives("<iq type='get' id='v' from='pmartin@jabber.obs.example/work'/>");
  await anne.sends("<iq type='result' id='v' to='pmartin@jabber.obs.example/work'/>");
  await pierre.receives("<iq type='result' id='v' from='adupont@old.obs.example/home' to='pmartin@obs.example/work'/>");
  await pierre.exchange(
    "<iq type='get' id='c' to='conference.old.obs.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='c' from='conference.old.obs.example'/>",
  );
  // The same question without a detour has its usual answer, whatever was asked before under its id.
  await pierre.exchange(
    "<iq type='get' id='c' to='conference.obs.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<iq type='result' id='c' from='conference.obs.example'/>",
  );
});
