import { z } from "zod";

/** A section of the configuration file: a zod object whose members all have defaults and descriptions. */
export type Section<Settings> = z.ZodType<Settings>;

/** What is wrong in the configuration, with the exact path. Thrown at start; told to the operator. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** A section: unknown keys are refused, so that a typing error is not silence. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape).prefault({} as never);
}

/** A number of things. */
export function count(initial: number, doc: string) {
  return z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(initial)
    .describe(doc);
}

/** A yes or no. */
export function flag(initial: boolean, doc: string) {
  return z.boolean().default(initial).describe(doc);
}

export function choice<const Values extends readonly [string, ...string[]]>(
  values: Values,
  initial: Values[number],
  doc: string,
) {
  return z
    .enum(values)
    .default(initial as never)
    .describe(doc);
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  second: 1000,
  seconds: 1000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  day: 86_400_000,
  days: 86_400_000,
};

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
};

/** A length of time, written "30 s", "5 minutes", "2 days"; milliseconds in the program. */
export function duration(initial: string, doc: string) {
  return quantity(initial, durationUnits, "a duration such as 30 s, 5 minutes, 12 hours or 30 days", doc);
}

/** A size, written "256 KiB", "10 MB"; bytes in the program. */
export function size(initial: string, doc: string) {
  return quantity(initial, sizeUnits, "a size such as 500 B, 256 KiB, 10 MB or 1 GiB", doc);
}

function quantity(initial: string, units: Readonly<Record<string, number>>, what: string, doc: string) {
  return z
    .string()
    .transform((text, context) => {
      const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text.trim());
      const unit = match && Object.hasOwn(units, match[2]!) ? units[match[2]!] : undefined;
      if (!match || unit === undefined) {
        context.addIssue({ code: "custom", message: `expected ${what}` });
        return z.NEVER;
      }
      return Math.round(Number(match[1]) * unit);
    })
    .prefault(initial)
    .describe(doc);
}

/** The settings of a section; @throws SettingsError naming the path of each thing that is wrong. */
export function read<Settings>(section: Section<Settings>, value: unknown, path: string): Settings {
  const result = section.safeParse(value ?? undefined);
  if (result.success) return result.data;
  throw new SettingsError(result.error.issues.map((issue) => explain(issue, path)).join("\n"));
}

function explain(issue: z.core.$ZodIssue, path: string): string {
  const where = issue.path.reduce<string>(
    (all, step) =>
      typeof step === "number" ? `${all}[${step}]` : all === "" ? String(step) : `${all}.${String(step)}`,
    path,
  );
  if (issue.code === "unrecognized_keys") return `${where ? `${where}.` : ""}${issue.keys.join(", ")}: no such setting`;
  return `${where || "(top)"}: ${issue.message}`;
}
