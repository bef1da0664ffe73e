import pino from "pino";
import type { Fields, Logger } from "#core/log.ts";

export type Level = "error" | "warn" | "info" | "debug";
export type Format = "lines" | "json";

const ranks: Readonly<Record<Level, number>> = { error: 3, warn: 2, info: 1, debug: 0 };

/** A log whose level can change while it runs, for all its children. */
export interface Log extends Logger {
  level: Level;
}

export interface LogOptions {
  readonly level: Level;
  readonly format: Format;
  /** Takes each line, its line feed included. Default: standard error. */
  readonly write?: (line: string) => void;
}

/** The log of the service, made by pino: JSON, or lines for people. */
export function createLog({ level, format, write = (line) => void process.stderr.write(line) }: LogOptions): Log {
  const threshold = { level };
  const destination = { write: format === "json" ? write : (line: string) => write(toLine(line)) };
  const base = pino(
    {
      base: null,
      level: "debug", // the threshold below decides: pino's children would keep the level they were made with
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { cause: describeError, error: describeError },
    },
    destination,
  );
  const logger = wrap(base, threshold);
  return Object.defineProperty(logger, "level", {
    get: () => threshold.level,
    set: (next: Level) => {
      threshold.level = next;
    },
  }) as Log;
}

function wrap(base: pino.Logger, threshold: { readonly level: Level }): Logger {
  const at = (level: Level) => (sentence: string, fields?: Fields) => {
    if (ranks[level] >= ranks[threshold.level]) base[level](fields ?? {}, sentence);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => wrap(base.child(fields), threshold),
  };
}

/** An error as a text: its message, its stack, and what caused it. */
function describeError(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const inner = cause.cause === undefined ? "" : `\ncaused by: ${String(describeError(cause.cause))}`;
  return `${cause.stack ?? `${cause.name}: ${cause.message}`}${inner}`;
}

/** One line for people: `2026-11-22 09:00:00.123 info  session bound jid=romeo@example.com/orchard`. */
export function toLine(json: string): string {
  const { time, level, message, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const words = [String(time).replace("T", " ").replace("Z", ""), String(level).padEnd(5), String(message)];
  const stacks: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string" && value.includes("\n    at "))
      stacks.push(`    ${name}: ${value.replaceAll("\n", "\n    ")}`);
    else words.push(`${name}=${showValue(value)}`);
  }
  return [words.join(" "), ...stacks].map(harmless).join("\n").concat("\n");
}

function showValue(value: unknown): string {
  const plain = Array.isArray(value) && value.every((one) => typeof one !== "object") ? value.join(",") : value;
  const text = typeof plain === "string" ? plain : (JSON.stringify(plain) ?? "undefined");
  return text !== "" && /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** A peer's text must not steer a terminal, nor begin a line of its own. */
function harmless(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
