import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attribute } from "../login.ts";
import { type Measurement, measure, type Running, type Schedule } from "../measuring.ts";
import { memory, meter } from "../processor.ts";
import { connectPeers, type Peer, type Route, type Target } from "../target.ts";
import { type Lane, Traffic } from "../traffic.ts";

export interface RoomsOptions {
  readonly rooms: number;
  /** In each room; everybody is in one. */
  readonly occupants: number;
  /** The number of the first user. */
  readonly first: number;
}

const text = "It was the lark, the herald of the morn, no nightingale: look, love, what envious streaks do lace them.";
const entry = "<x xmlns='http://jabber.org/protocol/muc'/>";

/** In each room one speaks when all have what was said before. A delivery is one message at one occupant. */
export async function rooms(target: Target, options: RoomsOptions): Promise<Running> {
  const groups = await connectGroups(target, options);
  const lanes: Lane[] = [];
  for (const [index, receivers] of groups.entries()) {
    const [owner] = receivers;
    const room = addressOf(target, `r${index}`);
    if (target.kind === "server") await fill(room, receivers);
    const from = target.kind === "server" ? `${room}/n0` : owner!.jid;
    const head = `<message type='groupchat' ${target.kind === "server" ? `to='${room}'` : `from='${from}'`} id='`;
    lanes.push({
      sender: { ...owner!, jid: from, leave: async () => {} },
      receivers,
      stanza: (number) => `${head}${number}'><body>${text.slice(0, 100)}</body></message>`,
    });
  }
  await sleep(500); // presences of those who came later
  for (const { link } of groups.flat()) link.listen(() => {});
  return new Traffic({ lanes, window: 1, recognize });
}

async function connectGroups(target: Target, { rooms, occupants, first }: RoomsOptions): Promise<Peer[][]> {
  const users = Array.from({ length: rooms * occupants }, (_, index) => `u${first + index}`);
  const group = <Item>(all: readonly Item[], room: number) => all.slice(room * occupants, (room + 1) * occupants);
  const routes: Route[] = users.map((user, index) => ({
    user,
    to: index % occupants === 0 ? group(users, Math.floor(index / occupants)) : [user], // only the first speaks
    element: "message",
  }));
  const peers = await connectPeers(target, routes, false);
  return Array.from({ length: rooms }, (_, room) => group(peers, room));
}

function recognize(_receiver: Peer, stanza: string) {
  const sender = attribute(stanza, "from");
  return sender === undefined ? undefined : { sender, number: Number(attribute(stanza, "id")) };
}

function addressOf({ domain }: Target, name: string): string {
  return `${name}@conference.${domain}`;
}

/** The first opens the room, then the others enter, one after the other. */
async function fill(room: string, peers: readonly Peer[]): Promise<void> {
  for (const [number, peer] of peers.entries()) {
    await enter(peer, room, `n${number}`);
    if (number === 0) await open(peer, room);
  }
}

/** Enters; resolves when the subject has come, which is last. */
async function enter({ link }: Peer, room: string, nick: string): Promise<void> {
  link.send(`<presence to='${room}/${nick}'>${entry}</presence>`);
  while (!(await link.next()).includes("<subject"));
}

async function open({ link }: Peer, room: string): Promise<void> {
  link.send(`<iq type='set' id='open' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>
    <x xmlns='jabber:x:data' type='submit'/></query></iq>`);
  while (!(await link.next()).startsWith("<iq"));
}

/** Presences that each client has got of occupants of rooms; every one must come once. */
class Sights {
  readonly #owed: number;
  #count = 0;
  #done: (() => void) | undefined;
  #wrong: Error | undefined;

  /** @param each how many each of them is owed, own ones included */
  constructor(peers: readonly Peer[], each: number) {
    this.#owed = peers.length * each;
    for (const peer of peers) {
      const seen = new Set<string>();
      peer.link.listen((stanza) => this.#take(peer, stanza, seen));
    }
  }

  #take(peer: Peer, stanza: string, seen: Set<string>): void {
    if (!stanza.startsWith("<presence")) return;
    const from = attribute(stanza, "from")!;
    if (/^<presence[^>]* type=/.test(stanza) || seen.has(from)) this.#wrong ??= new Error(`${peer.user} got ${stanza}`);
    seen.add(from);
    this.#count++;
    if (this.#count === this.#owed || this.#wrong) this.#done?.();
  }

  async complete(): Promise<number> {
    if (this.#count < this.#owed) {
      const late = setTimeout(() => this.#done?.(), 120_000);
      await new Promise<void>((resolve) => {
        this.#done = resolve;
      });
      clearTimeout(late);
    }
    if (this.#wrong) throw this.#wrong;
    if (this.#count !== this.#owed) throw new Error(`${this.#owed - this.#count} presences were lost`);
    return this.#count;
  }
}

export interface StormOptions extends RoomsOptions {
  /** Rooms that each client enters. */
  readonly each: number;
}

/**
 * Everybody enters at once, each client into several rooms, as after a restart: what each presence costs, how long somebody
 * else waits for an answer meanwhile, and what the server grows by for the time.
 */
export async function storm(mode: string, target: Target, options: StormOptions): Promise<Measurement[]> {
  const { rooms: count, occupants, first, each } = options;
  const clients = (count * occupants) / each;
  const routes = Array.from({ length: clients }, (_, index) => ({ user: `u${first + index}`, to: [], element: "" }));
  const peers = await connectPeers(target, routes, false);
  const names = Array.from({ length: count }, (_, index) => addressOf(target, `${mode}${index}`));
  for (const name of names) {
    await enter(peers[0]!, name, "founder");
    await open(peers[0]!, name);
    peers[0]!.link.send(`<presence to='${name}/founder' type='unavailable'/>`);
    while (!/type=['"]unavailable/.test(await peers[0]!.link.next()));
  }
  const sights = new Sights(peers, each * occupants);
  const before = memory(target.pid);
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, memory(target.pid));
  }, 50);
  const bystander = await observe(target, `u${first + clients}`);
  const entries = await measure(mode, target, () => {
    for (const [index, { link }] of peers.entries()) {
      for (let number = 0; number < each; number++) {
        const room = names[(index * each + number) % count];
        link.send(`<presence to='${room}/n${index}'>${entry}</presence>`);
      }
    }
    return sights.complete();
  });
  clearInterval(watch);
  const waited = await bystander.stop();
  await Promise.all(peers.map((peer) => peer.leave()));
  const { cost, operations } = entries;
  const other = { target: target.kind, operations, cost };
  return [
    entries,
    { ...other, mode: `${mode}-wait`, unit: "ms", each: waited },
    { ...other, mode: `${mode}-memory`, unit: "KiB", each: (most - before) / clients },
  ];
}

async function observe(target: Target, user: string): Promise<{ stop(): Promise<number> }> {
  const words = [target.port, target.domain, user, target.password].map(String);
  const child = fork(join(import.meta.dirname, "..", "bystander.ts"), words, { execArgv: [] });
  await once(child, "message");
  return {
    async stop() {
      child.send("stop");
      const [longest] = (await once(child, "message")) as [number];
      return longest;
    },
  };
}

/** Memory of rooms that are small and many: what the server grows by for each of them, and for each occupant. */
export async function many(target: Target, { settle }: Schedule, options: RoomsOptions): Promise<Measurement[]> {
  const { rooms: count, occupants, first } = options;
  const clients = 100;
  const routes = Array.from({ length: clients }, (_, index) => ({ user: `u${first + index}`, to: [], element: "" }));
  const peers = await connectPeers(target, routes, false);
  for (let warm = 0; warm < 100; warm++) await fill(addressOf(target, `warm${warm}`), peers.slice(0, 1));
  await sleep(settle);
  const empty = memory(target.pid);
  let end = meter(target.pid);
  const owner = (room: number) => peers[room % clients]!;
  await inParallel(clients, async (client) => {
    for (let room = client; room < count; room += clients) {
      await fill(addressOf(target, `small${room}`), [owner(room)]);
    }
  });
  await sleep(settle);
  const opened = memory(target.pid);
  const rooms: Measurement = {
    mode: "rooms-5000",
    target: target.kind,
    unit: "KiB",
    each: (opened - empty) / count,
    operations: count,
    cost: end(),
  };
  end = meter(target.pid);
  for (const { link } of peers) link.listen(() => {});
  for (let room = 0; room < count; room++) {
    for (let number = 1; number < occupants; number++) {
      peers[(room + number) % clients]!.link.send(
        `<presence to='${addressOf(target, `small${room}`)}/n${number}'>${entry}</presence>`,
      );
    }
    if (room % 50 === 0) await sleep(10);
  }
  await sleep(settle * 2);
  const seats: Measurement = {
    mode: "rooms-5000-occupant",
    target: target.kind,
    unit: "KiB",
    each: (memory(target.pid) - opened) / (count * (occupants - 1)),
    operations: count * (occupants - 1),
    cost: end(),
  };
  await Promise.all(peers.map((peer) => peer.leave()));
  return [rooms, seats];
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}
