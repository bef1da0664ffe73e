import { RemoteServer } from "#test/harness/remote-server.ts";
import { scenario } from "#test/harness/scenario.ts";

const servers = [{ domains: ["one.example"], settings: { s2s: { dialback: "allowed" } } }];
const says = (id: string) => `<message to='a@far.example' type='chat' id='${id}'><body>Hi</body></message>`;

scenario(
  "s2s: a server that acknowledges nothing is asked; what no answer followed is sent again",
  { servers },
  async ({ connect, internet }) => {
    const romeo = await connect("romeo@one.example/orchard");
    const far = new RemoteServer(internet, "far.example");
    await romeo.sends(says("1"));
    const wire = await far.believes();
    await wire.receives("<message id='1'/>");
    const { attrs } = await wire.receives(
      "<iq type='get' to='far.example' from='one.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    );
    const back = await far.authenticates("one.example");
    back.writes(`<iq type='error' id='${attrs.id}' from='far.example' to='one.example'/>`);
    back.writes("<iq type='get' id='p' from='a@far.example' to='one.example'><ping xmlns='urn:xmpp:ping'/></iq>");
    await wire.receives("<iq type='result' id='p'/>");
    await romeo.sends(says("2"));
    await wire.receives("<message id='2'/>");
    wire.transport.destroy();
    const again = await far.believes();
    await again.receives("<iq type='result' id='p'/>");
    await again.receives("<message id='2'/>");
    await again.receives("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
  },
);
