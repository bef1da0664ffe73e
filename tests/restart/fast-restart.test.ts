/**
 * The service is stopped and started again under load. Its clients notice a short pause and nothing else: no message is
 * lost or comes twice, nobody leaves a room or is seen to leave.
 *
 *     RESTART_SESSIONS=500 node --test tests/restart/fast-restart.test.ts
 *
 * RESTART_TLS says how they come back: `full` with a full TLS handshake each, `resumed` with their TLS session, as many
 * clients do, `none` without TLS, where the clients of the test cost less than the server. Default: `resumed`.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { XmppServer } from "#test/bench/load/login.ts";
import { type RunningService, startService } from "#test/harness/service.ts";
import { Member } from "./member.ts";

const count = Number(process.env.RESTART_SESSIONS ?? 100);
const tls = process.env.RESTART_TLS ?? "resumed";
const domain = "example.com";
const password = "pencil";
/** People in one room. */
const perRoom = 10;
/** Milliseconds between two messages of one client: some to its contact, some to its room. */
const pace = 1_000;
const limits = { connections: 10_000, "connections-per-address": 10_000 };
const settings = {
  log: { level: "info" },
  accounts: { iterations: 4096 },
  limits,
  c2s: { encryption: tls === "none" ? "optional" : "required" },
};

const roomOf = (index: number) => `room${Math.floor(index / perRoom)}@conference.${domain}`;

/** What was said, and who must have heard it. */
class Talk {
  readonly #members: readonly Member[];
  readonly #expected = new Map<Member, Set<string>>();
  #number = 0;
  #over = false;

  constructor(members: readonly Member[]) {
    this.#members = members;
    for (const member of members) this.#expected.set(member, new Set());
  }

  get said(): number {
    return this.#number;
  }

  /** Until it is over. */
  async run(): Promise<void> {
    await Promise.all(this.#members.map((member, index) => this.#talk(member, index)));
  }

  end(): void {
    this.#over = true;
  }

  async #talk(member: Member, index: number): Promise<void> {
    await sleep((index * pace) / this.#members.length);
    while (!this.#over) {
      const id = `m${++this.#number}`;
      if (this.#number % 4 === 0) this.#toRoom(member, index, id);
      else this.#toFriend(member, index, id);
      await sleep(pace);
    }
  }

  #toFriend(member: Member, index: number, id: string): void {
    const friend = this.#members[index ^ 1]!;
    this.#expected.get(friend)!.add(id);
    const to = this.#number % 2 === 0 ? friend.jid : friend.jid.split("/")[0];
    member.send(`<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`);
  }

  #toRoom(member: Member, index: number, id: string): void {
    for (const [other, one] of this.#members.entries()) {
      if (roomOf(other) === roomOf(index)) this.#expected.get(one)!.add(id);
    }
    member.send(`<message to='${roomOf(index)}' type='groupchat' id='${id}'><body>${id}</body></message>`);
  }

  check(): void {
    for (const [member, expected] of this.#expected) {
      const lost = [...expected].filter((id) => !member.received.includes(id));
      assert.deepEqual(lost, [], `${member.user} has lost messages`);
      const twice = member.received.filter((id, at) => member.received.indexOf(id) !== at);
      assert.deepEqual(twice, [], `${member.user} got messages twice`);
      assert.equal(member.received.length, expected.size);
      assert.deepEqual(member.complaints, []);
    }
  }
}

/** Friends see each other; rooms are open and everybody is in one. */
async function gather(members: readonly Member[]): Promise<void> {
  for (const [index, member] of members.entries()) {
    const friend = members[index ^ 1]!.jid.split("/")[0];
    member.send(`<presence to='${friend}' type='subscribe'/>`);
    member.send(`<presence to='${friend}' type='subscribed'/>`);
  }
  await Promise.all(members.map((member) => member.settled()));
  const enter = (member: Member, index: number) =>
    member.send(
      `<presence to='${roomOf(index)}/${member.user}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
    );
  for (const [index, member] of members.entries()) {
    if (index % perRoom !== 0) continue;
    enter(member, index);
    member.send(
      `<iq type='set' id='open' to='${roomOf(index)}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
    );
    await member.settled();
  }
  for (const [index, member] of members.entries()) if (index % perRoom !== 0) enter(member, index);
  await Promise.all(members.map((member) => member.settled()));
  await Promise.all(members.map((member) => member.settled()));
}

test(`${count} clients live through a restart under load`, { timeout: 60_000 + count * 200 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "parloir-restart-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  let service: RunningService = await startService({ folder, settings });
  context.after(() => service.kill());
  const names = Array.from({ length: count }, (_, index) => `user${index}`);
  for (const name of names) await service.addUser(`${name}@${domain}`, password);
  const listen = [
    { port: service.port, address: service.host, tls: "starttls" },
    { port: service.directPort, address: service.host, tls: "direct" },
  ];
  const server = new XmppServer(service, domain, password, { resumesTls: tls === "resumed" });
  const members = names.map((name) => new Member(name, () => server, tls !== "none"));
  context.after(() => Promise.all(members.map((member) => member.close())));
  for (let start = 0; start < count; start += 25) {
    await Promise.all(members.slice(start, start + 25).map((member) => member.open()));
  }
  await gather(members);
  for (const member of members) member.watch();

  const talk = new Talk(members);
  context.after(() => talk.end());
  const talking = talk.run();
  await sleep(pace * 1.5);
  const asked = performance.now();
  await service.stop();
  const stopped = performance.now();
  service = await startService({ folder, settings: { ...settings, listen } });
  const started = performance.now();
  while (members.some(({ resumedAt }) => resumedAt < asked)) {
    assert.deepEqual(
      members.flatMap(({ complaints }) => complaints),
      [],
    );
    await sleep(20);
  }
  await sleep(pace * 1.5);
  talk.end();
  await talking;
  await Promise.all(members.map((member) => member.settled()));
  await Promise.all(members.map((member) => member.settled()));
  talk.check();
  await service.stop();
  const back = members.map(({ resumedAt }) => resumedAt - asked).sort((one, other) => one - other);
  const mean = back.reduce((sum, one) => sum + one, 0) / count;
  const ms = (span: number) => `${Math.round(span)} ms`;
  context.diagnostic(
    `${count} sessions (TLS: ${tls}), ${talk.said} messages; stopped in ${ms(stopped - asked)}, started in ${ms(started - stopped)}; ` +
      `down for ${ms(back[0]!)}, half are back after ${ms(back[count >> 1]!)}, all after ${ms(back.at(-1)!)}, mean ${ms(mean)}; ` +
      `load ${loadavg()[0]!.toFixed(1)}`,
  );
});
