/** The load generator's process: takes one order at a time from its parent, and answers with what it has measured. */

import { inTurns, type Measurement, type Schedule } from "./measuring.ts";
import { chat } from "./modes/chat.ts";
import { idle } from "./modes/idle.ts";
import { login } from "./modes/login.ts";
import { offline } from "./modes/offline.ts";
import { ping } from "./modes/ping.ts";
import { presence } from "./modes/presence.ts";
import { many, rooms, storm } from "./modes/rooms.ts";
import type { Target } from "./target.ts";

export interface Order {
  readonly mode: string;
  readonly targets: readonly Target[];
  readonly schedule: Schedule;
}

export type Answer = { readonly measurements: readonly Measurement[] } | { readonly problem: string };

type Mode = (order: Order) => Promise<Measurement[]>;

const modes: Readonly<Record<string, Mode>> = {
  chat: chatting({ pairs: 100, window: 1, bothWays: false, tls: false }),
  "chat-tls": chatting({ pairs: 100, window: 1, bothWays: false, tls: true }),
  "chat-w16": chatting({ pairs: 100, window: 16, bothWays: true, tls: false }),
  login: loggingIn(false),
  "login-tls": loggingIn(true),
  idle: ({ targets, schedule }) => one(targets, (target) => idle("idle", target, false, schedule)),
  "idle-tls": ({ targets, schedule }) => one(targets, (target) => idle("idle-tls", target, true, schedule)),
  ping: ({ targets, schedule }) => inTurns("ping", targets, schedule, (target) => ping(target, { users: 200 })),
  presence: ({ targets, schedule }) =>
    inTurns("presence", targets, schedule, (target) => presence(target, { groups: 5, members: 20, first: 3000 })),
  offline: async ({ targets, schedule }) => {
    return offline(serverOf(targets), schedule, { pairs: 40, messages: 250, first: 3200 });
  },
  "room-500": speaking({ rooms: 1, occupants: 500, first: 0 }),
  "rooms-20": speaking({ rooms: 50, occupants: 20, first: 0 }),
  "storm-1000": storming({ rooms: 1, occupants: 1_000, each: 1, first: 0 }),
  "storm-20": storming({ rooms: 500, occupants: 20, each: 20, first: 0 }),
  "rooms-5000": async ({ targets, schedule }) =>
    many(serverOf(targets), schedule, { rooms: 5_000, occupants: 5, first: 0 }),
};

function chatting(options: Parameters<typeof chat>[1]): Mode {
  const name = `chat${options.tls ? "-tls" : ""}${options.window > 1 ? `-w${options.window}` : ""}`;
  return ({ targets, schedule }) => inTurns(name, targets, schedule, (target) => chat(target, options));
}

function loggingIn(tls: boolean): Mode {
  const name = tls ? "login-tls" : "login";
  return ({ targets, schedule }) =>
    inTurns(name, targets, schedule, (target) => login(target, { users: 800, together: 32, tls }));
}

function speaking(options: Parameters<typeof rooms>[1]): Mode {
  const mode = options.rooms === 1 ? "room-500" : "rooms-20";
  return ({ targets, schedule }) => inTurns(mode, targets, schedule, (target) => rooms(target, options));
}

function storming(options: Parameters<typeof storm>[2]): Mode {
  const mode = options.rooms === 1 ? "storm-1000" : "storm-20";
  return async ({ targets }) => storm(mode, serverOf(targets), options);
}

function serverOf(targets: readonly Target[]): Target {
  return targets.find(({ kind }) => kind === "server")!;
}

async function one(targets: readonly Target[], test: (target: Target) => Promise<Measurement>): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const target of targets) measurements.push(await test(target));
  return measurements;
}

async function follow(order: Order): Promise<Answer> {
  try {
    return { measurements: await modes[order.mode]!(order) };
  } catch (error) {
    return { problem: (error as Error).stack ?? String(error) };
  }
}

process.on("disconnect", () => process.exit(0));
process.on("message", (order: Order) => void follow(order).then((answer) => process.send!(answer)));
