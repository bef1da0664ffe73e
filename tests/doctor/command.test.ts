import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Found } from "#app/doctor/doctor.ts";
import { Installation } from "#test/installation/installation.ts";

const settings =
  "domains: [{ name: localhost }]\nlisten: [{ port: 0, address: 127.0.0.1 }, { port: 0, address: 127.0.0.1, tls: direct }]\nlimits: { connections: 1000 }\n";
/** What depends on the machine that the test runs on. */
const surroundings = ["clock", "machine"];

test("doctor looks at a running service, by the script", async (context) => {
  const installation = new Installation(context, settings);
  const service = await installation.start();
  const { code, output, errors } = await installation.script(["doctor", "--json"]);
  const { healthy, findings } = JSON.parse(output) as { healthy: boolean; findings: Found[] };
  const own = findings.filter(({ check, id }) => !surroundings.includes(check) && !id.startsWith("disk-"));
  assert.deepEqual(own, []);
  assert.equal(code, healthy ? 0 : 1);
  assert.equal(errors, "");
  await service.stop();
});

test("doctor says in French what is wrong, and how to mend it; exit code 1", async (context) => {
  const installation = new Installation(context, settings);
  await (await installation.start()).stop();
  const { code, output } = await installation.parloir(["doctor", "--lang", "fr"]);
  assert.equal(code, 1);
  assert.match(output, /Service\n {2}AVERTISSEMENT {2}\[service-stopped\]\n {4}Le service ne tourne pas/);
  assert.match(output, new RegExp(`\\$ \\./parloir start --config ${installation.file}\n`));
});

test("doctor tells of a broken configuration; a wrong option is exit code 2", async (context) => {
  const installation = new Installation(context, `${settings}dta: here\n`);
  const { code, output } = await installation.parloir(["doctor", "--lang", "en"]);
  assert.equal(code, 1);
  assert.match(
    output,
    /^Configuration\n {2}ERROR {2}\[configuration-unknown-key\]\n {4}There is no setting dta \(line 4\); did you mean data\?\n/,
  );
  installation.write(settings);
  assert.equal((await installation.parloir(["doctor", "--lang", "de"])).code, 2);
  const login = await installation.parloir(["doctor", "--login", "pmartin"], "secret");
  assert.equal(login.code, 2);
  assert.match(login.errors, /no directory/);
  assert.ok(!join(login.output, login.errors).includes("secret"));
});

test("doctor explains itself", async (context) => {
  const { code, output } = await new Installation(context).parloir(["doctor", "--help"]);
  assert.equal(code, 0);
  assert.match(output, /^Usage: parloir doctor/);
  for (const option of ["--config", "--data", "--login", "--lang", "--json"])
    assert.ok(output.includes(option), option);
});
