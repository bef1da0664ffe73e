import assert from "node:assert/strict";
import { test } from "node:test";
import { read, SettingsError } from "#core/settings.ts";
import { scenario } from "#test/harness/scenario.ts";
import { contactInfo } from "./contact-info.ts";

const skipOn = ["prosody"];
const why = "our settings";
const ask = "<iq type='get' to='example.com' id='disco1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";

/** The example of XEP-0157 §3. */
const contacts = {
  abuse: ["mailto:abuse@shakespeare.lit", "xmpp:abuse@shakespeare.lit"],
  admin: ["mailto:xmpp@shakespeare.lit", "xmpp:admins@shakespeare.lit"],
  feedback: ["http://shakespeare.lit/feedback.php", "mailto:feedback@shakespeare.lit", "xmpp:feedback@shakespeare.lit"],
  sales: ["xmpp:bard@shakespeare.lit"],
  security: ["xmpp:security@shakespeare.lit"],
  status: ["https://status.shakespeare.lit"],
  support: ["http://shakespeare.lit/support.php", "xmpp:support@shakespeare.lit"],
};

scenario(
  "contact-info: addresses by role are told in service discovery",
  { skipOn, why, settings: { "contact-info": contacts } },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/chamber");
    const fields = Object.entries(contacts).map(
      ([role, list]) => `<field var='${role}-addresses'>${list.map((uri) => `<value>${uri}</value>`).join("")}</field>`,
    );
    await juliet.exchange(
      ask,
      `<iq type='result' from='example.com' id='disco1'><query xmlns='http://jabber.org/protocol/disco#info'>
        <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>
          <value>http://jabber.org/network/serverinfo</value></field>${fields.join("")}</x></query></iq>`,
    );
  },
);

scenario(
  "contact-info: an account has no such form",
  { skipOn, why, settings: { "contact-info": contacts } },
  async ({ connect }) => {
    const juliet = await connect("juliet@example.com/chamber");
    const answer = await juliet.exchange(ask.replace(" to='example.com'", ""), "<iq type='result' id='disco1'/>");
    assert.ok(!answer.toString().includes("serverinfo"));
  },
);

scenario("contact-info: without addresses there is no form", { skipOn, why }, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/chamber");
  const answer = await juliet.exchange(ask, "<iq type='result' id='disco1'/>");
  assert.ok(!answer.toString().includes("jabber:x:data"));
});

test("an address without a scheme is refused at start, with its path", () => {
  assert.throws(
    () => read(contactInfo.settings!, { admin: ["xmpp:a@b", "root@example.com"] }, "contact-info"),
    (problem) =>
      problem instanceof SettingsError && problem.message.startsWith("contact-info.admin[1]: expected an address"),
  );
});
