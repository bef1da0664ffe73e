import type { Measurement } from "./load/measuring.ts";

/** What an operation may cost on our server: section (f) of docs/architecture.md. */
export interface Budget {
  readonly mode: string;
  readonly what: string;
  /** Microseconds or KiB; undefined where the plan names none. */
  readonly most?: number;
}

export const budgets: readonly Budget[] = [
  { mode: "chat", what: "chat message, plain", most: 25 },
  { mode: "chat-tls", what: "chat message, TLS", most: 45 },
  { mode: "chat-w16", what: "chat message, 16 in flight" },
  { mode: "login", what: "login, plain", most: 600 },
  { mode: "login-tls", what: "login, STARTTLS", most: 2200 },
  { mode: "ping", what: "ping to the server", most: 20 },
  { mode: "presence", what: "presence, each delivery", most: 6 },
  { mode: "offline-store", what: "offline message, stored", most: 50 },
  { mode: "offline-retrieve", what: "offline message, handed out", most: 15 },
  { mode: "room-500", what: "delivery, 1 room of 500", most: 5 },
  { mode: "rooms-20", what: "delivery, 50 rooms of 20", most: 8 },
  { mode: "storm-1000", what: "1,000 enter: each presence", most: 5 },
  { mode: "storm-1000-wait", what: "  longest wait of others" },
  { mode: "storm-1000-memory", what: "  memory for each of them" },
  { mode: "storm-20", what: "500 enter 20 rooms: presence" },
  { mode: "storm-20-wait", what: "  longest wait of others" },
  { mode: "storm-20-memory", what: "  memory for each of them" },
  { mode: "rooms-5000", what: "5,000 rooms: each room" },
  { mode: "rooms-5000-occupant", what: "  each further occupant" },
  { mode: "idle", what: "idle session, plain", most: 14 },
  { mode: "idle-tls", what: "idle session, TLS" },
];

/** One line of the table: medians of the windows. */
export interface Row extends Budget {
  readonly unit: string;
  readonly ours: number;
  readonly relay: number | undefined;
  readonly ratio: number | undefined;
  readonly operationsPerSecond: number;
  /** The busiest window: processors that others took, and that the load generator used. */
  readonly others: number;
  readonly load: number;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The lines of a mode, in the order of the budgets. */
export function rows(measurements: readonly Measurement[]): Row[] {
  return budgets.flatMap((budget) => {
    const all = measurements.filter(({ mode }) => mode === budget.mode);
    const own = all.filter(({ target }) => target === "server");
    const ours = median(own.map(({ each }) => each));
    if (ours === undefined) return [];
    const relay = median(all.filter(({ target }) => target === "relay").map(({ each }) => each));
    return [
      {
        ...budget,
        unit: own[0]!.unit,
        ours,
        relay,
        ratio: relay === undefined ? undefined : ours / relay,
        operationsPerSecond: median(own.map(({ operations, cost }) => operations / cost.seconds))!,
        others: Math.max(...all.map(({ cost }) => cost.otherCores)),
        load: Math.max(...own.map(({ cost }) => cost.loadCores)),
      },
    ];
  });
}

const widths = [28, 4, 9, 9, 7, 9, 11, 8, 8] as const;

export const heading = line(["", "", "ours", "relay", "ratio", "budget", "per second", "others", "load"]);

export function print(row: Row): string {
  const over = row.most !== undefined && row.ours > row.most ? " over" : "";
  return (
    line([
      row.what,
      row.unit,
      figure(row.ours),
      figure(row.relay),
      row.ratio === undefined ? "" : row.ratio.toFixed(1),
      figure(row.most),
      row.unit === "µs" ? String(Math.round(row.operationsPerSecond)) : "",
      row.others.toFixed(2),
      row.load.toFixed(2),
    ]) + over
  );
}

function figure(value: number | undefined): string {
  if (value === undefined) return "";
  return value < 100 ? value.toFixed(1) : String(Math.round(value));
}

function line(cells: readonly string[]): string {
  return cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))).join("");
}
