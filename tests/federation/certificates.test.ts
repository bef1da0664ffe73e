import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Institution } from "#test/harness/federation/institution.ts";
import { LoopbackInternet, type PlaceOptions } from "#test/harness/federation/internet.ts";
import { type Parloir, parloirAt } from "#test/harness/federation/parloir.ts";
import { type ProsodyOptions, prosodyAt } from "#test/harness/federation/prosody.ts";
import { awaits, lacking } from "./neighbours.ts";

/** What becomes of servers whose certificate is not what it should be, and of dialback, with Prosody. */

const skip = lacking("dnsmasq-base", "prosody");

/** Institutions with something wrong, and what a person here is told when writing there. */
const faults: Readonly<Record<string, PlaceOptions & { readonly says: string; readonly why: string }>> = {
  "expired.example": {
    certificate: { names: ["expired.example"], from: -90, until: -1 },
    says: "The certificate of the server of expired.example has expired. Its operators must renew it.",
    why: "CERT_HAS_EXPIRED",
  },
  "other.example": {
    certificate: { names: ["www.other.example"] },
    says: "The certificate of the server of other.example is for other domains. Its operators must repair this.",
    why: "it names www.other.example",
  },
  "untrusted.example": {
    untrusted: true,
    says: "The certificate of the server of untrusted.example is not signed by a known authority. Its operators must repair this.",
    why: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  },
};

describe("certificates and dialback, with Prosody", { skip, timeout: 60_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  const elsewhere = new Map<string, Institution>();
  let strict: Parloir;
  let lenient: Parloir;
  let unknown: Parloir;
  before(async () => {
    const internet = await LoopbackInternet.open({ after: (end) => ends.push(end) });
    const running: Institution[] = [];
    const note = <One extends Institution>(one: One): One => {
      running.push(one);
      return one;
    };
    const policies: Record<string, ProsodyOptions> = {
      "secure.example": { certificatesOnly: true },
      "plain.example": { without: ["dialback"] },
    };
    const places = await Promise.all(
      [...Object.keys(faults), ...Object.keys(policies)].map((domain) => internet.place(domain, faults[domain])),
    );
    const [first, second, third] = [
      await internet.place("strict.example"),
      await internet.place("lenient.example"),
      await internet.place("unknown.example", { untrusted: true }),
    ];
    await internet.resolves();
    ends.push(async () => void (await Promise.all(running.map((one) => one.kill()))));
    const parloir = (place: typeof first, dialback: string) =>
      parloirAt(internet.premises(place), { settings: { s2s: { dialback } } }).then(note);
    [strict, lenient, unknown] = await Promise.all([
      parloir(first, "never"),
      parloir(second, "allowed"),
      parloir(third, "certified"),
      ...places.map(async (place) => {
        elsewhere.set(place.domain, note(await prosodyAt(internet.premises(place), policies[place.domain])));
      }),
    ]);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const [domain, { says, why }] of Object.entries(faults)) {
    test(`${domain}, where only certificates count: nothing goes there, nothing comes from there`, async () => {
      const romeo = await strict.connect("romeo");
      await romeo.sends(`<message to='juliet@${domain}' type='chat' id='1'><body>Hi</body></message>`);
      await awaits(
        romeo,
        `<message type='error' id='1'><error><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>${says}</text></error></message>`,
      );
      const listed = (await strict.correspondences()).find((one) => one.domain === domain);
      assert.deepEqual([listed?.state, listed?.error?.step], ["resting", "certificate"]);
      assert.ok(listed?.error?.why.includes(why), listed?.error?.why);
      const juliet = await elsewhere.get(domain)!.connect("juliet");
      await juliet.sends(`<message to='${romeo}' type='chat' id='2'><body>Ho</body></message>`);
      await awaits(juliet, "<message type='error' id='2'/>");
      await romeo.receivesNothing();
      await Promise.all([romeo.disconnect(), juliet.disconnect()]);
    });

    test(`${domain}, where dialback may stand in for a certificate: both ways`, async () => {
      const romeo = await lenient.connect("romeo");
      const juliet = await elsewhere.get(domain)!.connect("juliet");
      await romeo.sends(`<message to='${juliet}' type='chat' id='1'><body>Hi</body></message>`);
      await awaits(juliet, `<message from='${romeo}' id='1'><body>Hi</body></message>`);
      await juliet.sends(`<message to='${romeo}' type='chat' id='2'><body>Ho</body></message>`);
      await awaits(romeo, `<message from='${juliet}' id='2'><body>Ho</body></message>`);
      const listed = (await lenient.correspondences()).filter((one) => one.domain === domain);
      // Prosody takes our certificate, and proves itself by dialback.
      assert.deepEqual(
        listed.map(({ direction, authentication, encrypted }) => `${direction} ${authentication} ${encrypted}`).sort(),
        ["in dialback true", "out certificate true"],
      );
      await Promise.all([romeo.disconnect(), juliet.disconnect()]);
    });
  }

  test("a server that does not know our authority, and wants certificates only: its refusal is told", async () => {
    const romeo = await unknown.connect("romeo");
    for (const domain of ["secure.example", "plain.example"]) {
      await romeo.sends(`<message to='juliet@${domain}' type='chat' id='1'><body>Hi</body></message>`);
      const error = await awaits(romeo, "<message type='error' id='1'/>");
      assert.match(`${error}`, /The server of \w+\.example (?:refuses|could not|does not)/, domain);
    }
    await romeo.disconnect();
  });
});
