import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { checks } from "#app/doctor/checks.ts";
import { checkFailed } from "#app/doctor/doctor.ts";
import { certificateFaults } from "./faults/certificates.ts";
import { configurationFaults } from "./faults/configuration.ts";
import { dataFaults } from "./faults/data.ts";
import { dnsFaults } from "./faults/dns.ts";
import type { Fault } from "./faults/fault.ts";
import { federationFaults } from "./faults/federation.ts";
import { ldapFaults } from "./faults/ldap.ts";
import { machineFaults } from "./faults/machine.ts";
import { portFaults } from "./faults/ports.ts";
import { Laboratory } from "./laboratory.ts";

const faults: readonly Fault[] = [
  ...configurationFaults,
  ...dataFaults,
  ...machineFaults,
  ...certificateFaults,
  ...portFaults,
  ...dnsFaults,
  ...federationFaults,
];

describe("broken set-ups", () => {
  let well: Laboratory;
  const ends: (() => void)[] = [];
  before(async () => {
    well = await Laboratory.open({ after: (end) => ends.push(end) });
    well.write();
    await well.running(async () => {});
  });
  after(() => {
    for (const end of ends) end();
  });

  for (const fault of faults) {
    test(`${fault.finds}: ${fault.set}`, async (context) => {
      const laboratory = await Laboratory.open(context, well);
      await fault.break(laboratory, context);
      if (!fault.ownFile) laboratory.write();
      const findings = fault.runs ? await laboratory.running(() => laboratory.findings()) : await laboratory.findings();
      // Most are looked at while the service is stopped, which is a finding of its own.
      const others = findings.filter(({ id }) => fault.finds === "service-stopped" || id !== "service-stopped");
      assert.deepEqual(others.map(({ id }) => id).sort(), [fault.finds, ...(fault.also ?? [])].sort());
      const { says, fix, commands = [], zone = [] } = others.find(({ id }) => id === fault.finds)!;
      assert.match(says.en, fault.says);
      const told = [fix.en, ...commands, ...zone];
      assert.ok(
        told.some((line) => line.includes(fault.fix)),
        JSON.stringify(told),
      );
    });
  }
});

test("everything that can be found has a broken set-up here, or one with a directory", () => {
  const ids = [checkFailed, ...checks.flatMap(({ kinds }) => kinds)].map(({ id }) => id).sort();
  const found = [...faults, ...ldapFaults].map(({ finds }) => finds).sort();
  assert.deepEqual([...new Set(found)], ids);
});
