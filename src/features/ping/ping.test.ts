import { scenario } from "#test/harness/scenario.ts";

const ping = "<ping xmlns='urn:xmpp:ping'/>";

scenario("ping: the server answers (XEP-0199 §4.2)", async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(
    `<iq to='example.com' id='c2s1' type='get'>${ping}</iq>`,
    `<iq from='example.com' to='${juliet}' id='c2s1' type='result'/>`,
  );
});

scenario("ping: the server answers for an account, also where nobody is named", async ({ connect, account }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await account("romeo@example.com");
  await juliet.exchange(
    `<iq to='romeo@example.com' id='1' type='get'>${ping}</iq>`,
    "<iq from='romeo@example.com' id='1' type='result'/>",
  );
  await juliet.exchange(`<iq id='2' type='get'>${ping}</iq>`, "<iq id='2' type='result'/>");
});

scenario("ping: clients answer each other themselves (XEP-0199 §4.4)", async ({ connect }) => {
  const romeo = await connect("romeo@example.com/home");
  const juliet = await connect("juliet@example.com/chamber");
  await romeo.sends(`<iq to='${juliet}' type='get' id='e2e1'>${ping}</iq>`);
  await juliet.receives(`<iq from='${romeo}' type='get' id='e2e1'>${ping}</iq>`);
  await juliet.sends(`<iq to='${romeo}' type='result' id='e2e1'/>`);
  await romeo.receives(`<iq from='${juliet}' type='result' id='e2e1'/>`);
});

const skipOn = { skipOn: ["prosody"], why: "it answers all the same, against RFC 6121 §8.5.1" };

scenario("ping: nobody answers for an account that does not exist", skipOn, async ({ connect }) => {
  const juliet = await connect("juliet@example.com/balcony");
  await juliet.exchange(
    `<iq to='nobody@example.com' id='1' type='get'>${ping}</iq>`,
    `<iq from='nobody@example.com' id='1' type='error'><error type='cancel'>
      <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
});
