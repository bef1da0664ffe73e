/** The load generator's process: takes one order at a time from its parent, and answers with what it has measured. */

import { inTurns, type Measurement, type Schedule } from "./measuring.ts";
import { chat } from "./modes/chat.ts";
import { idle } from "./modes/idle.ts";
import { login } from "./modes/login.ts";
import { offline } from "./modes/offline.ts";
import { ping } from "./modes/ping.ts";
import { presence } from "./modes/presence.ts";
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
    const [server] = targets.filter(({ kind }) => kind === "server");
    return offline(server!, schedule, { pairs: 40, messages: 250, first: 3200 });
  },
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
