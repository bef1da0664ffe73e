import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { Client } from "#test/harness/client.ts";
import { scenario } from "#test/harness/scenario.ts";
import type { Element } from "#xml/element.ts";

const acts = ["subscribe", "subscribed", "unsubscribe", "unsubscribed", "remove", "add"] as const;
const steps = fc.array(fc.record({ actor: fc.constantFrom(0, 1), act: fc.constantFrom(...acts) }), { maxLength: 15 });
const runs = 10;

for (const domain of ["example.com", "example.net"]) {
  scenario(
    `presence: whatever somebody here and somebody at ${domain} do, both see the same, and what they see is true`,
    { skipOn: ["prosody"], why: "it hides nobody who is not watched any longer" },
    async ({ connect }) => {
      let count = 0;
      const property = fc.asyncProperty(steps, async (some) => {
        count++;
        const pair = [
          await connect(`romeo${count}@example.com/orchard`),
          await connect(`juliet${count}@${domain}/balcony`),
        ] as const;
        for (const { actor, act } of some) {
          const [one, other] = actor === 0 ? pair : ([pair[1], pair[0]] as const);
          await one.sends(act === "remove" || act === "add" ? rosterSet(other, act) : toward(other, act));
          await reaches(one, other);
          await reaches(other, one);
        }
        await agree(pair[0], pair[1]);
        await agree(pair[1], pair[0]);
        for (const client of pair) await client.disconnect();
      });
      await fc.assert(property, { numRuns: runs });
    },
  );
}

/** What `watcher` has of `watched` in the contact list fits what `watched` has, and the presence that is shown. */
async function agree(watcher: Client, watched: Client): Promise<void> {
  const gets = await settled(watcher, watched);
  await watched.sends("<presence id='shown'/>");
  const passed = await reaches(watched, watcher);
  assert.equal(
    passed.some((stanza) => stanza.attrs.id === "shown"),
    gets,
  );
}

/** Whether `watcher` gets the presence of `watched`, once both agree: the second of two rosters is written a little later. */
async function settled(watcher: Client, watched: Client): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    const gets = /^(to|both)$/.test(await subscription(watcher, watched));
    const gives = /^(from|both)$/.test(await subscription(watched, watcher));
    if (gets === gives) return gets;
    assert.ok(
      tries < 100,
      `${watcher} ${gets ? "gets" : "does not get"} what ${watched} ${gives ? "gives" : "does not give"}`,
    );
    await sleep(20);
  }
}

/** Waits for all that `sender` has set off at `recipient`; gives what `recipient` got meanwhile. */
async function reaches(sender: Client, recipient: Client): Promise<Element[]> {
  await sender.sends(`<presence id='end' to='${recipient}'/>`);
  const passed: Element[] = [];
  for (;;) {
    const stanza = await recipient.next();
    if (stanza.attrs.id === "end") return passed;
    passed.push(stanza);
  }
}

async function subscription(client: Client, contact: Client): Promise<string> {
  await client.sends("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
  for (;;) {
    const stanza = await client.next();
    if (stanza.attrs.id !== "roster") continue;
    const item = stanza.elements[0]!.elements.find(({ attrs }) => attrs.jid === contact.jid.bare.toString());
    return item?.attrs.subscription ?? "none";
  }
}

function toward(contact: Client, type: string): string {
  return `<presence type='${type}' to='${contact.jid.bare}'/>`;
}

function rosterSet(contact: Client, act: "add" | "remove"): string {
  const wish = act === "remove" ? "subscription='remove'" : "name='X'";
  return `<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='${contact.jid.bare}' ${wish}/></query></iq>`;
}
