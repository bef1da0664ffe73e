import { readdirSync, readFileSync } from "node:fs";

/** What a stretch of time cost the machine. */
export interface Cost {
  readonly seconds: number;
  /** CPU of the server and its descendants, all threads, user and system. */
  readonly cpuMicroseconds: number;
  /** Processors that the load generator kept busy. */
  readonly loadCores: number;
  /** Processors that other programs and the hypervisor took. */
  readonly otherCores: number;
}

/** /proc counts in hundredths of a second, whatever the kernel's own clock is. */
const microsecondsPerTick = 10_000;

interface Sample {
  readonly at: number;
  readonly server: number;
  readonly load: number;
  readonly machine: number;
}

/** Begins to count; the function returned ends it. */
export function meter(pid: number): () => Cost {
  const before = sample(pid);
  return () => {
    const after = sample(pid);
    const seconds = (after.at - before.at) / 1000;
    const server = after.server - before.server;
    const load = after.load - before.load;
    const others = Math.max(0, after.machine - before.machine - server - load);
    return {
      seconds,
      cpuMicroseconds: server,
      loadCores: load / 1e6 / seconds,
      otherCores: others / 1e6 / seconds,
    };
  };
}

function sample(pid: number): Sample {
  const own = process.cpuUsage();
  return {
    at: performance.now(),
    server: treeOf(pid).reduce((sum, one) => sum + ticks(one) * microsecondsPerTick, 0),
    load: own.user + own.system,
    machine: busyTicks() * microsecondsPerTick,
  };
}

/** Memory of a process and its descendants in KiB; a page shared by several processes counts in parts (PSS). */
export function memory(pid: number): number {
  return treeOf(pid).reduce((sum, one) => sum + field(`/proc/${one}/smaps_rollup`, "Pss"), 0);
}

/** Resident memory of a process and its descendants in KiB, shared pages included. */
export function residentMemory(pid: number): number {
  return treeOf(pid).reduce((sum, one) => sum + field(`/proc/${one}/smaps_rollup`, "Rss"), 0);
}

function field(file: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(readFileSync(file, "utf8"))?.[1]);
}

/** The fields of /proc/PID/stat after the name, which may hold anything; undefined if the process is gone. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** User and system time so far; see proc(5): fields 14 and 15. */
function ticks(pid: number): number {
  const fields = stat(pid);
  return fields === undefined ? 0 : Number(fields[11]) + Number(fields[12]);
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(stat(Number(name))?.[1]);
    const siblings = children.get(parent);
    if (siblings) siblings.push(Number(name));
    else children.set(parent, [Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** All but idle and waiting for disks: user, nice, system, irq, softirq, steal. */
function busyTicks(): number {
  const [, user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "utf8")
    .split(/\s+/, 9)
    .map(Number);
  return user! + nice! + system! + irq! + softirq! + steal!;
}
