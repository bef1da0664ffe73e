import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { runCommandLine } from "#app/cli/program.ts";
import { ask } from "#app/control/client.ts";
import { explanationReport } from "#app/doctor/explanation.ts";
import type { Explanation } from "#core/federation.ts";
import { LoopbackInternet, type Place, type PlaceOptions } from "#test/harness/federation/internet.ts";
import { type Parloir, type ParloirOptions, parloirAt } from "#test/harness/federation/parloir.ts";
import { lacking } from "./neighbours.ts";

/** `parloir federation explain`: which step to another domain fails, and what to do, with servers where it does. */

const skip = lacking("dnsmasq-base");

interface Fault extends PlaceOptions {
  /** Settings of s2s at that server; undefined: no server is started. */
  readonly s2s?: object;
  /** Parts of what is said, in both languages, and the last step that went well. */
  readonly en: RegExp;
  readonly fr: RegExp;
  readonly last: string | undefined;
}

const faults: Readonly<Record<string, Fault>> = {
  "absent.example": {
    en: /no messaging service that the DNS knows of/,
    fr: /pas de service de messagerie/,
    last: "policy",
  },
  "broken.example": { en: /The DNS gives no answer/, fr: /Le DNS ne répond pas/, last: "policy" },
  "blocked.example": { en: /By the settings of this server nothing/, fr: /D'après les réglages/, last: undefined },
  "down.example": { en: /does not answer at .*ECONNREFUSED/, fr: /ne répond pas à/, last: "dns" },
  "expired.example": {
    certificate: { names: ["expired.example"], from: -90, until: -1 },
    s2s: {},
    en: /certificate NOT VALID NOW: expired\.example; .*is not valid now: .*CERT_HAS_EXPIRED/,
    fr: /certificat NON VALABLE ACTUELLEMENT : expired\.example ; /,
    last: "certificate",
  },
  "other.example": {
    certificate: { names: ["www.other.example"] },
    s2s: {},
    en: /certificate OF ANOTHER NAME: www\.other\.example.*is not that of other\.example/,
    fr: /n'est pas celui de other\.example/,
    last: "certificate",
  },
  "untrusted.example": {
    untrusted: true,
    s2s: {},
    en: /OF AN AUTHORITY THAT IS NOT KNOWN HERE.*issued by CN=Stranger.*No authority that is known here/,
    fr: /D'UNE AUTORITÉ INCONNUE ICI.*Aucune autorité connue ici/,
    last: "certificate",
  },
  "distant.example": {
    s2s: { policy: "allow" },
    en: /does not believe that this is ours\.example, or does not want it: .*policy-violation/,
    fr: /ne croit pas qu'il s'agit de ours\.example/,
    last: "connection",
  },
};

describe("the way to a domain, explained", { skip, timeout: 60_000 }, () => {
  const ends: (() => Promise<void>)[] = [];
  let ours: Parloir;
  const said = (explanation: Explanation, language: "en" | "fr") =>
    explanationReport(explanation, language).replaceAll(/\s+/g, " ");
  const explained = async (domain: string) => {
    const reply = await ask(join(ours.service.folder, "data"), {
      command: "federation explain",
      arguments: { domain },
    });
    return reply!.result as Explanation;
  };
  /** The command line, in this process. */
  const run = async (...words: string[]) => {
    const said = { out: "", errors: "" };
    const into = (name: keyof typeof said) =>
      new Writable({
        write(part, _, done) {
          said[name] += part;
          done();
        },
      });
    const terminal = { input: Readable.from([]), output: into("out"), errors: into("errors") };
    const code = await runCommandLine([...words, "--config", join(ours.service.folder, "parloir.yaml")], terminal);
    return { code, ...said };
  };
  before(async () => {
    const internet = await LoopbackInternet.open({ after: (end) => ends.push(end) });
    const place = await internet.place("ours.example", { aliases: ["im.ours.example"] });
    const well = await internet.place("well.example");
    const places: Place[] = [];
    for (const [domain, fault] of Object.entries(faults)) {
      if (/^(?:absent|broken)/.test(domain)) continue;
      places.push(await internet.place(domain, fault));
    }
    await internet.resolves({
      services: {
        "_xmpps-server._tcp.well.example": [{ name: "well.example", port: 5270, priority: 1 }],
        "_xmpp-server._tcp.well.example": [
          { name: "well.example", port: 5269, priority: 2 },
          { name: "well.example", port: 5000, priority: 3 },
        ],
      },
    });
    const s2s = { block: ["blocked.example"], domains: { "expired.example": { policy: "allow" } } };
    const running: Parloir[] = [];
    ends.push(async () => void (await Promise.all(running.map((one) => one.kill()))));
    const start = async (at: Place, options: ParloirOptions) => {
      const one = await parloirAt(internet.premises(at), options);
      running.push(one);
      return one;
    };
    const serving = places.filter(({ domain }) => faults[domain]?.s2s !== undefined);
    [ours] = await Promise.all([
      start(place, { aliases: ["im.ours.example"], settings: { s2s } }),
      start(well, {}),
      ...serving.map((one) => start(one, { settings: { s2s: faults[one.domain]!.s2s } })),
    ]);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const [domain, { en, fr, last }] of Object.entries(faults)) {
    test(`${domain}: the step that fails, in both languages`, async () => {
      const explanation = await explained(domain);
      const [way] = explanation.ways;
      assert.equal(
        (way?.passed.length ? way.passed : explanation.passed).at(-1)?.step,
        last,
        JSON.stringify(explanation),
      );
      assert.match(said(explanation, "en"), en);
      assert.match(said(explanation, "fr"), fr);
      assert.match(said(explanation, "en"), /What to do: .*Messages cannot go there\. People are told: “.+”/);
    });
  }

  test("a domain where all is well: each place is tried, with what was seen there", async () => {
    const explanation = await explained("well.example");
    assert.deepEqual(
      explanation.ways.map(({ endpoint, passed, failure }) => [
        endpoint.port,
        passed.map(({ step }) => step).join(" "),
        failure?.step,
      ]),
      [
        [5270, "connection tls certificate stream authentication", undefined],
        [5269, "connection tls certificate stream authentication", undefined],
        [5000, "", "connection"],
      ],
    );
    const report = explanationReport(explanation, "en");
    assert.match(report, /✓ encrypted: TLSv1\.3\n +✓ certificate: well\.example, .*issued by CN=Authority\n/);
    assert.match(report, /✓ offered: SASL EXTERNAL, dialback, bidi\n +✓ our certificate was accepted\n/);
    assert.match(report, /Messages go there, but 1 of 3 places is not good\.\n$/);
    assert.equal(
      (await ours.correspondences()).find((one) => one.domain === "well.example"),
      undefined,
      "nothing stays",
    );
  });

  test("one's own domain and its alias are looked at as from outside", async () => {
    for (const domain of ["ours.example", "im.ours.example"]) {
      const { ways } = await explained(domain);
      assert.deepEqual(
        ways.map(({ passed, failure }) => [passed.at(-1)?.step, failure]),
        [["stream", undefined]],
      );
    }
  });

  test("the command line: words, JSON, exit codes", async () => {
    const [bad, good, wrong, foreign, list] = await Promise.all([
      run("federation", "explain", "expired.example", "--lang", "fr"),
      run("federation", "explain", "well.example", "--json"),
      run("federation", "explain", "not a domain"),
      run("federation", "explain", "well.example", "--from", "else.example"),
      run("federation"),
    ]);
    assert.equal(bad.code, 1);
    assert.match(bad.out, /^De ours\.example à expired\.example :\n {2}✓ les réglages le permettent\n/);
    assert.equal(good.code, 0);
    assert.equal(JSON.parse(good.out).domain, "well.example");
    assert.equal(wrong.code, 2);
    assert.match(foreign.errors, /else\.example is not a domain of this server/);
    assert.equal(list.code, 0);
  });

  test("doctor looks at what the settings name, and at the service itself, through the service", async () => {
    const { out } = await run("doctor", "--json");
    const findings = JSON.parse(out).findings as { check: string; id: string; says: { en: string } }[];
    const [expired, ...others] = findings.filter(({ id }) => id === "federation-certificate-expired");
    assert.match(expired!.says.en, /The certificate of expired\.example at .* CERT_HAS_EXPIRED/);
    assert.deepEqual(others, []);
    assert.deepEqual(
      findings.filter(({ id }) => id === "federation-not-reached" || id.startsWith("port-")),
      [],
    );
  });
});
