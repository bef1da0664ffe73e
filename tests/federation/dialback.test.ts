import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ejabberdAt } from "#test/harness/federation/ejabberd.ts";
import type { Institution } from "#test/harness/federation/institution.ts";
import { LoopbackInternet } from "#test/harness/federation/internet.ts";
import { type Parloir, parloirAt } from "#test/harness/federation/parloir.ts";
import { prosodyAt } from "#test/harness/federation/prosody.ts";
import { awaits, lacking } from "./neighbours.ts";

/** How domains are proved and over how many connections, with Prosody and ejabberd. */

const skip = lacking("dnsmasq-base", "prosody", "ejabberd");

/** What each server's place is like, and what `federation list` says of it after a chat: direction, proof. */
const servers: Readonly<Record<string, { readonly untrusted: boolean; readonly listed: readonly string[] }>> = {
  "both.example": { untrusted: false, listed: ["both certificate"] },
  "two.example": { untrusted: false, listed: ["in certificate", "out certificate"] },
  "unknown-both.example": { untrusted: true, listed: ["both dialback"] },
  "unknown.example": { untrusted: true, listed: ["in dialback", "out dialback"] },
  "ejabberd.example": { untrusted: false, listed: ["in certificate", "out certificate"] },
  "unknown-ejabberd.example": { untrusted: true, listed: ["in dialback", "out dialback"] },
};

describe("proofs and connections", { skip, timeout: 60_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  const elsewhere = new Map<string, Institution>();
  const ours = new Map<boolean, Parloir>();
  before(async () => {
    const internet = await LoopbackInternet.open({ after: (end) => ends.push(end) });
    const known = await internet.place("ours.example");
    const unknown = await internet.place("nobody.example", { untrusted: true });
    const places = await Promise.all(
      Object.entries(servers).map(([domain, { untrusted }]) => internet.place(domain, { untrusted })),
    );
    await internet.resolves();
    ends.push(async () => void (await Promise.all([...elsewhere.values(), ...ours.values()].map((one) => one.kill()))));
    const settings = { s2s: { dialback: "allowed" } };
    await Promise.all([
      parloirAt(internet.premises(known)).then((one) => ours.set(false, one)),
      parloirAt(internet.premises(unknown), { settings }).then((one) => ours.set(true, one)),
      ...places.map(async (place) => {
        const premises = internet.premises(place);
        const further = place.domain.includes("both") ? ["s2s_bidi"] : [];
        const starting = place.domain.includes("ejabberd")
          ? ejabberdAt(premises, { accounts: ["juliet"] })
          : prosodyAt(premises, { further });
        elsewhere.set(place.domain, await starting);
      }),
    ]);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const [domain, { untrusted, listed }] of Object.entries(servers)) {
    test(`${domain}: ${listed.join(", ")}`, async () => {
      const here = ours.get(untrusted)!;
      const romeo = await here.connect("romeo");
      const juliet = await elsewhere.get(domain)!.connect("juliet");
      await romeo.sends(`<message to='${juliet}' type='chat'><body>Hi</body></message>`);
      await awaits(juliet, `<message from='${romeo}'><body>Hi</body></message>`);
      await juliet.sends(`<message to='${romeo}' type='chat'><body>Ho</body></message>`);
      await awaits(romeo, `<message from='${juliet}'><body>Ho</body></message>`);
      const found = (await here.correspondences()).filter((one) => one.domain === domain);
      // With dialback Prosody opens a connection of its own, too, for its question.
      const kinds = new Set(found.map(({ direction, authentication }) => `${direction} ${authentication}`));
      assert.deepEqual([...kinds].sort(), listed);
      assert.ok(found.every(({ encrypted, state }) => encrypted && state === "open"));
      await Promise.all([romeo.disconnect(), juliet.disconnect()]);
    });
  }
});
