import { type Cost, meter } from "./processor.ts";
import type { Target } from "./target.ts";

/** What one window of one test has shown. */
export interface Measurement {
  readonly mode: string;
  readonly target: Target["kind"];
  readonly unit: "µs" | "KiB" | "ms";
  /** Microseconds of the server's CPU for each operation, KiB for each session or room, or the longest wait. */
  readonly each: number;
  readonly operations: number;
  readonly cost: Cost;
}

/** How long things go on, in milliseconds. */
export interface Schedule {
  readonly rounds: number;
  readonly warmUp: number;
  readonly window: number;
  /** Before the memory of idle sessions is read. */
  readonly settle: number;
  readonly sessions: number;
}

/** A test as it runs against one target. */
export interface Running {
  /** Works for so long; returns how many operations were done, all of them checked. */
  run(milliseconds: number): Promise<number>;
  close(): Promise<void>;
}

/** Measures all targets in turns, so that what else the machine does disturbs all alike. */
export async function inTurns(
  mode: string,
  targets: readonly Target[],
  schedule: Schedule,
  open: (target: Target) => Promise<Running>,
): Promise<Measurement[]> {
  const running: { readonly target: Target; readonly test: Running }[] = [];
  for (const target of targets) running.push({ target, test: await open(target) });
  for (const { test } of running) await test.run(schedule.warmUp);
  const measurements: Measurement[] = [];
  for (let round = 0; round < schedule.rounds; round++) {
    for (const { target, test } of running) {
      measurements.push(await measure(mode, target, () => test.run(schedule.window)));
    }
  }
  for (const { test } of running) await test.close();
  return measurements;
}

/** The CPU that a piece of work costs the target. */
export async function measure(mode: string, target: Target, work: () => Promise<number>): Promise<Measurement> {
  const end = meter(target.pid);
  const operations = await work();
  const cost = end();
  return { mode, target: target.kind, unit: "µs", each: cost.cpuMicroseconds / operations, operations, cost };
}
