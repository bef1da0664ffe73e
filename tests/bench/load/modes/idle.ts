import { setTimeout as sleep } from "node:timers/promises";
import type { Measurement, Schedule } from "../measuring.ts";
import { memory, meter } from "../processor.ts";
import { connectPeers, type Target } from "../target.ts";

/**
 * Memory of sessions that say nothing: what the server grows by for each. It should be fresh: memory that an earlier load
 * has freed is used again and hides the cost.
 */
export async function idle(mode: string, target: Target, tls: boolean, schedule: Schedule): Promise<Measurement> {
  const { sessions, settle } = schedule;
  const routes = Array.from({ length: sessions + warmUp }, (_, index) => ({
    user: `u${index}`,
    to: [`u${index}`],
    element: "message",
  }));
  // The first few pay for what is made once.
  const first = await connectPeers(target, routes.slice(0, warmUp), tls);
  await sleep(500);
  const before = memory(target.pid);
  const end = meter(target.pid);
  const peers = await connectPeers(target, routes.slice(warmUp), tls);
  await sleep(settle);
  const each = (memory(target.pid) - before) / sessions;
  const cost = end();
  for (const { link } of [...first, ...peers]) if (link.lost) throw link.lost;
  await Promise.all([...first, ...peers].map((peer) => peer.leave()));
  return { mode, target: target.kind, unit: "KiB", each, operations: sessions, cost };
}

const warmUp = 20;
