import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { silent } from "#core/log.ts";
import { type ScenarioOptions, type Stage, scenario } from "#test/harness/scenario.ts";
import { Files } from "./files.ts";
import { Quotas } from "./quotas.ts";
import { Signatures } from "./slots.ts";
import { FileTable, type StoredFile } from "./store.ts";
import { Vault } from "./vault.ts";

const ours: ScenarioOptions = { skipOn: ["prosody", "service"], why: "it looks inside" };

/** A table that does something more as soon as a file is in it. */
class Watched extends FileTable {
  added: (id: string) => void = () => {};

  override async add(file: StoredFile): Promise<void> {
    await super.add(file);
    this.added(file.id);
  }
}

/** A folder in which one file cannot be deleted. */
class Stubborn extends Vault {
  stays = "";

  override async remove(id: string): Promise<void> {
    if (id === this.stays) throw new Error("the disk is broken there");
    await super.remove(id);
  }
}

function temporary(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "parloir-files-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "files");
}

function parts({ assembly }: Stage, context: TestContext, keepMs = 86_400_000) {
  const folder = temporary(context);
  const table = new Watched(assembly.hosts.get("example.com")!.db);
  const vault = new Stubborn(folder);
  const files = new Files({
    vault,
    table,
    signatures: new Signatures(new Uint8Array(32)),
    quotas: new Quotas(1000, {}),
    limits: { size: 1000, pending: 5, reserve: 0, slotMs: 60_000, keepMs },
    exists: () => true,
    base: () => undefined,
    names: () => [],
    log: silent,
  });
  const onDisk = () => globSync("**/*", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  return { files, table, vault, onDisk };
}

const upload = { account: "romeo@example.com", name: "a", size: 2 };

scenario("files: who deletes a file before it is in its place leaves nothing behind", ours, async (stage, context) => {
  const { files, table, onDisk } = parts(stage, context);
  const removed: Promise<boolean>[] = [];
  table.added = (id) => void removed.push(files.remove(id));
  await files.store(upload, Readable.from([Buffer.from("ab")]));
  assert.deepEqual(await Promise.all(removed), [true]);
  assert.equal(onDisk(), 0);
});

scenario("files: an account that goes while its file comes leaves nothing behind", ours, async (stage, context) => {
  const { files, table, onDisk } = parts(stage, context);
  const forgotten: Promise<number>[] = [];
  table.added = () => void forgotten.push(files.forget(upload.account));
  await files.store(upload, Readable.from([Buffer.from("ab")])).catch(() => {});
  assert.deepEqual(await Promise.all(forgotten), [1]);
  assert.equal(onDisk(), 0);
  assert.equal((await files.usage(1)).files, 0);
});

scenario(
  "files: kept for as long as anybody can say, they end on a day that has a name",
  ours,
  async (stage, context) => {
    const { files } = parts(stage, context, 1e16);
    const file = await files.store(upload, Readable.from([Buffer.from("ab")]));
    assert.doesNotThrow(() => new Date(files.ends(file)).toISOString());
    await files.sweep(AbortSignal.timeout(10_000));
    assert.ok(await files.find(file.id));
  },
);

scenario("files: one that cannot be deleted keeps none of the others", ours, async (stage, context) => {
  const { files, vault, onDisk } = parts(stage, context, 0);
  const stored = [];
  for (let count = 0; count < 3; count++) stored.push(await files.store(upload, Readable.from([Buffer.from("ab")])));
  vault.stays = stored.map(({ id }) => id).sort()[0]!;
  await files.sweep(AbortSignal.timeout(10_000));
  assert.equal(onDisk(), 1);
  assert.equal((await files.usage(1)).files, 1);
  vault.stays = "";
  await files.sweep(AbortSignal.timeout(10_000));
  assert.equal(onDisk(), 0);
});

test("vault: what could not be opened once is opened when it can be", async (context) => {
  const folder = temporary(context);
  writeFileSync(folder, "in the way");
  const vault = new Vault(folder);
  await assert.rejects(vault.space());
  rmSync(folder);
  mkdirSync(folder);
  assert.ok((await vault.space()) > 0);
  assert.ok(existsSync(join(folder, "incoming")));
});
