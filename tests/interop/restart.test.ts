// needs: libpurple0 libpurple-dev libglib2.0-dev gcc libc6-dev pkg-config
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startService } from "#test/harness/service.ts";
import { compileClient, PurpleClient } from "./purple/client.ts";

/** A real client lives through a restart of the service, planned or not: it finds everything as it was. */

for (const how of ["stop", "kill"] as const) {
  test(`libpurple: the service is started again after a ${how}`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "parloir-restart-"));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const program = compileClient(folder);
    const accounts = { iterations: 4096 };
    const first = await startService({ folder, settings: { accounts } });
    for (const name of ["romeo", "juliet"]) await first.addUser(`${name}@example.com`, "pencil");
    const client = (address: string) => {
      const made = new PurpleClient(program, { service: first, address });
      context.after(() => made.stop());
      return made;
    };
    const romeo = await client("romeo@example.com/pidgin").signedOn();
    romeo.do("add", "juliet@example.com", "Juliette", "Vérone");
    romeo.do("say", "juliet@example.com", "Before the restart");
    await romeo.settles();

    await first[how]();
    const error = await romeo.expect("connection-error");
    assert.equal(error.fatal, "no", "a client that takes the error for final would not come back by itself");

    const listen = [
      { port: first.port, address: first.host, tls: "starttls" },
      { port: first.directPort, address: first.host, tls: "direct" },
    ];
    const second = await startService({ folder, settings: { accounts, listen } });
    context.after(() => second.stop());
    romeo.do("sign-off");
    romeo.do("sign-on");
    await romeo.signedOn();
    assert.ok(!romeo.has("question"), "it is the same certificate");
    const roster = /^<iq [^>]*type='result'.*jabber:iq:roster.*name='Juliette'.*<group>Vérone</;
    await romeo.expect("xml-received", ({ text }) => roster.test(text!));
    const juliet = await client("juliet@example.com/pidgin").signedOn();
    await juliet.expect("authorization-asked", { who: "romeo@example.com" });
    await juliet.expect("message", { kind: "received", text: "Before the restart" });
  });
}
