import assert from "node:assert/strict";
import { test } from "node:test";
import { Laboratory } from "./laboratory.ts";

test("where all is well, nothing is found", async (context) => {
  const laboratory = await Laboratory.open(context);
  laboratory.write();
  await laboratory.running(async () => assert.deepEqual(await laboratory.findings(), []));
});
