import type { z } from "zod";

/** What one looks at in a zod schema: enough to explain errors and to write the manual. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly entries?: Readonly<Record<string, string>>;
  readonly defaultValue?: unknown;
}

function definition(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The schema behind defaults, optional wrappers and transformations: what the file must hold. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType, in: input } = definition(schema);
  const inner = innerType ?? input;
  return inner === undefined ? schema : unwrap(inner);
}

/** The members of an object schema, through its wrappers; undefined for anything else. */
export function membersOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  return definition(unwrap(schema)).shape;
}

/** The schema of the elements of a list, through its wrappers; undefined for anything else. */
export function elementOf(schema: z.ZodType): z.ZodType | undefined {
  return definition(unwrap(schema)).element;
}

/** The words a choice allows; undefined for anything else. */
export function wordsOf(schema: z.ZodType): readonly string[] | undefined {
  const { entries } = definition(unwrap(schema));
  return entries === undefined ? undefined : Object.values(entries);
}

/** "string", "number", "boolean", "enum", "array", "object" and the like. */
export function kindOf(schema: z.ZodType): string {
  return definition(unwrap(schema)).type;
}

/** The default as it would be written in the file; undefined if there is none. */
export function defaultOf(schema: z.ZodType): unknown {
  const { defaultValue, innerType } = definition(schema);
  if (defaultValue !== undefined) return defaultValue;
  return innerType === undefined ? undefined : defaultOf(innerType);
}

/** Whether the key may be left out. */
export function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

/** Whether the text of the file is turned into something else, such as "30 s" into milliseconds. */
export function isTransformed(schema: z.ZodType): boolean {
  const { innerType, in: input } = definition(schema);
  return input !== undefined || (innerType !== undefined && isTransformed(innerType));
}

/** The sentence that documents a key. */
export function sentenceOf(schema: z.ZodType): string {
  const { innerType } = definition(schema);
  return schema.description ?? (innerType === undefined ? "" : sentenceOf(innerType));
}

/** The schema at a path of keys and indexes; undefined where there is none. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let found: z.ZodType | undefined = schema;
  for (const step of path) {
    if (found === undefined) return undefined;
    found = typeof step === "number" ? elementOf(found) : membersOf(found)?.[String(step)];
  }
  return found;
}
