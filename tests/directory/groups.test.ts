import assert from "node:assert/strict";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { assemble } from "#app/assemble.ts";
import { silent } from "#core/log.ts";
import { Jid } from "#jid/jid.ts";
import { memoryPair } from "#stream/memory.ts";
import { Client } from "#test/harness/client.ts";
import { Wire } from "#test/harness/wire.ts";
import { directoryTest, open, using } from "./opening.ts";

const domain = "obspm.example";
const rosterGet = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";
const push = (item: string) => `<iq type='set'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;

/** A client that is logged in with the password of the directory, available, and has asked for its contacts. */
async function logIn(wire: Wire, user: string): Promise<Client> {
  await wire.opens(domain);
  const secret = Buffer.from(`\0${user}\0pass-${user}`).toString("base64");
  wire.writes(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`);
  await wire.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await wire.opens(domain);
  wire.writes("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  const bound = await wire.receives("<iq type='result' id='b'/>");
  const client = new Client(Jid.parse(bound.elements[0]!.elements[0]!.text), wire);
  await client.becomesAvailable();
  return client;
}

directoryTest(
  "groups of the directory are in contact lists, and follow it; who is locked there is sent away",
  async (slapd) => {
    await using(open(slapd), async ({ accounts, people }) => {
      const db = await openSqlite({ file: ":memory:" });
      const assembly = await assemble({
        domains: [{ name: domain }],
        sections: new Map([["groups", { enabled: true, include: ["lesia"], names: { lesia: "LESIA" } }]]),
        db,
        accounts: () => accounts,
        people: () => people,
        log: silent,
        version: "0.0.0-test",
      });
      const wire = () => {
        const [near, far] = memoryPair({ secure: true });
        assembly.accept("c2s", far);
        return new Wire(near);
      };
      try {
        const martin = await logIn(wire(), "pmartin");
        const list = await martin.exchange(rosterGet, "<iq type='result' id='r'/>");
        assert.equal(list.elements[0]!.elements.length, 6, "without oneself, and without who is hidden");
        const legall = await logIn(wire(), "hlegall");
        await martin.receives(`<presence from='${legall}'/>`);
        const blanc = await logIn(wire(), "cblanc");
        await martin.receivesNothing();

        const member = `member: ${slapd.person("cblanc")}\n`;
        await slapd.change(`dn: ${slapd.group("lesia")}\nchangetype: modify\nadd: member\n${member}`);
        await people.refresh();
        await martin.receives(
          push(`<item jid='cblanc@${domain}' name='Cécile Blanc' subscription='both'><group>LESIA</group></item>`),
        );
        await martin.receives(`<presence from='${blanc}'/>`);
        await blanc.receivesInAnyOrder(`<presence from='${martin}'/>`, `<presence from='${legall}'/>`);

        await slapd.modify(slapd.person("hlegall"), { pwdAccountLockedTime: "000001010000Z" });
        await people.refresh();
        await martin.receivesInAnyOrder(
          `<presence from='${legall}' type='unavailable'/>`,
          push(`<item jid='hlegall@${domain}' subscription='remove'/>`),
        );
        for (;;) if ((await legall.next()).name === "error") break;
        await legall.wire.ends();
      } finally {
        await assembly.stop();
        await db.close();
      }
    });
  },
);
