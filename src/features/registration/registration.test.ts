import assert from "node:assert/strict";
import { scenario } from "#test/harness/scenario.ts";

const why = "ours alone refuses with an explanation";
const skipOn = ["prosody"];
const url = "https://example.com/accounts";

scenario(
  "registration: who asks for the fields is told where accounts come from",
  { skipOn, why },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    await romeo.exchange(
      "<iq type='get' to='example.com' id='reg1' xml:lang='fr'><query xmlns='jabber:iq:register'/></iq>",
      `<iq type='error' from='example.com' id='reg1'><error type='cancel'>
      <not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
      <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='fr'>…établissement…</text></error></iq>`,
    );
  },
);

scenario(
  "registration: an account is neither made nor removed, nor is its password changed",
  { skipOn, why, settings: { registration: { url } } },
  async ({ connect }) => {
    const romeo = await connect("romeo@example.com/orchard");
    const requests = [
      ["<username>bill</username><password>Calliope</password>", "…institution. See https://example.com/accounts"],
      ["<username>bill</username>", "…comes from your institution…See https://example.com/accounts"],
      ["<remove/>", "Accounts and passwords are not changed here…See https://example.com/accounts"],
    ] as const;
    for (const [content, text] of requests) {
      for (const to of ["example.com", "romeo@example.com"]) {
        const error = await romeo.exchange(
          `<iq type='set' to='${to}' id='1'><query xmlns='jabber:iq:register'>${content}</query></iq>`,
          `<iq type='error' from='${to}' id='1'><error type='cancel'>
            <not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
            <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>${text}</text></error></iq>`,
        );
        // XEP-0077 §3.3: the password is not sent back.
        assert.ok(!error.toString().includes("Calliope"));
      }
    }
  },
);

scenario("registration: it is not advertised", { skipOn, why: "Prosody does" }, async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  await romeo.sends(
    "<iq type='get' to='example.com' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  );
  const answer = await romeo.next();
  assert.equal(answer.attrs.type, "result");
  assert.ok(!answer.toString().includes("jabber:iq:register"));
});

scenario("registration: between clients it is theirs", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/orchard");
  const bot = await connect("bot@example.com/shop");
  await romeo.sends(`<iq type='get' to='${bot}' id='1'><query xmlns='jabber:iq:register'/></iq>`);
  await bot.receives(`<iq type='get' from='${romeo}' id='1'><query xmlns='jabber:iq:register'/></iq>`);
});
