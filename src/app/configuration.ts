import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Claim, Service } from "#core/feature.ts";
import { type Section, SettingsError } from "#core/settings.ts";
import { collisions } from "./collisions.ts";
import { explain, type Problem, showPath } from "./explain.ts";
import { completeHttp, type HttpSettings } from "./http.ts";
import { type AppSettings, appSections } from "./settings.ts";

/** A feature, as far as its settings go. */
export interface Configured {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the settings are each feature's own
  readonly settings?: Section<any>;
  readonly service?: Service;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  claims?(settings: any): readonly Claim[];
}

/** The configuration, complete: defaults filled in, files found, paths absolute. */
export interface Configuration extends AppSettings {
  readonly http: HttpSettings;
  /** The file it came from; undefined if there is none and everything is default. */
  readonly file: string | undefined;
  /** The sections of features as they stand in the file, checked; the features read them with their own schema. */
  readonly sections: ReadonlyMap<string, unknown>;
}

/** What the command line says instead of the file. */
export interface Overrides {
  readonly data?: string;
  /** For STARTTLS; direct TLS gets the next one, HTTPS the one after that. 0 lets the system choose them. */
  readonly port?: number;
}

/**
 * Reads a configuration file; without a file, everything is default and relative to `folder`.
 * @throws SettingsError one line for each thing that is wrong: path, reason, line of the file.
 */
export function readConfiguration(
  file: string | undefined,
  features: readonly Configured[],
  options: Overrides & { readonly folder?: string } = {},
): Configuration {
  const text = file === undefined ? "" : readText(file);
  const folder = file === undefined ? resolve(options.folder ?? ".") : dirname(resolve(file));
  return override(parseConfiguration(text, features, { folder, file }), options);
}

/** As `readConfiguration`, from a text. */
export function parseConfiguration(
  text: string,
  features: readonly Configured[],
  { folder, file }: { readonly folder: string; readonly file?: string | undefined },
): Configuration {
  const { value, lineOf } = parseYaml(text);
  const schema = schemaOf(features);
  const result = schema.safeParse(value, { reportInput: true });
  if (!result.success) throw failure(explain(schema, result.error.issues), lineOf);
  const settings = absolute(result.data as unknown as AppSettings, folder);
  const read = result.data as Readonly<Record<string, unknown>>;
  const problems = [...duplicates(settings), ...collisions(settings, read, features), ...missingFiles(settings)];
  if (problems.length > 0) throw failure(problems, lineOf);
  const sections = new Map(
    features.filter((one) => one.settings && one.name in value).map((one) => [one.name, value[one.name]]),
  );
  return { ...settings, http: completeHttp(settings), file: file === undefined ? undefined : resolve(file), sections };
}

/** The schema of the whole file: what is the application's, and a section for each feature that has settings. */
export function schemaOf(features: readonly Configured[]): z.ZodType {
  const own = features.flatMap(({ name, settings }) => (settings === undefined ? [] : [[name, settings] as const]));
  for (const [name] of own) if (name in appSections) throw new Error(`the section ${name} is the application's`);
  return z.strictObject({ ...appSections, ...Object.fromEntries(own) });
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new SettingsError(`${file}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "file not found";
  if (code === "EACCES") return "may not be read by this user";
  return code === "EISDIR" ? "is a folder, not a file" : `cannot be read (${code})`;
}

interface Parsed {
  readonly value: Readonly<Record<string, unknown>>;
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

function parseYaml(text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) throw new SettingsError(`(top): not valid YAML: ${error.message.trimEnd()}`);
  const content: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new SettingsError("(top): expected keys and values, such as `domains:` followed by a list");
  }
  // `log:` with nothing below it is an empty section.
  const value = Object.fromEntries(Object.entries(content).filter(([, inner]) => inner !== null));
  const lineOf = (path: readonly PropertyKey[]) => {
    for (let length = path.length; length > 0; length--) {
      const start = keyStart(document, path.slice(0, length));
      if (start !== undefined) return lines.linePos(start).line;
    }
    return undefined;
  };
  return { value, lineOf };
}

/** Where a key of the document begins. */
function keyStart(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => String(item.key) === String(path.at(-1)));
    return (pair?.key as { range?: readonly number[] } | undefined)?.range?.[0];
  }
  return (document.getIn(path, true) as { range?: readonly number[] } | undefined)?.range?.[0];
}

function failure(problems: readonly Problem[], lineOf: Parsed["lineOf"]): SettingsError {
  const sentences = problems.map(({ path, sentence }) => {
    const line = lineOf(path);
    return `${showPath(path)}: ${sentence}${line === undefined ? "" : ` (line ${line})`}`;
  });
  return new SettingsError(sentences.join("\n"));
}

function absolute(settings: AppSettings, folder: string): AppSettings {
  const domains = settings.domains.map((domain) => ({
    ...domain,
    ...(domain.certificate === undefined ? {} : { certificate: resolve(folder, domain.certificate) }),
    ...(domain.key === undefined ? {} : { key: resolve(folder, domain.key) }),
  }));
  const authorities = settings.authorities.map((file) => resolve(folder, file));
  return { ...settings, domains, authorities, data: resolve(folder, settings.data) };
}

function duplicates({ domains, listen, http }: AppSettings): Problem[] {
  const names = domains.map((domain) => domain.name);
  const aliases = domains.flatMap((domain, index) => domain.aliases.map((name, at) => ({ index, at, name })));
  const everywhere = [...names, ...aliases.map(({ name }) => name)];
  const places = [...listen, ...(http.listen ?? [])].map(({ address, port }) =>
    port === 0 ? undefined : `${address} port ${port}`,
  );
  return [
    ...repeated(names).map((index) => ({
      path: ["domains", index, "name"],
      sentence: `${names[index]} is there twice`,
    })),
    ...aliases
      .filter(({ name }) => everywhere.indexOf(name) !== everywhere.lastIndexOf(name))
      .map(({ index, at, name }) => ({ path: ["domains", index, "aliases", at], sentence: `${name} is there twice` })),
    ...repeated(places).map((index) => ({
      path: index < listen.length ? ["listen", index, "port"] : ["http", "listen", index - listen.length, "port"],
      sentence: `${places[index]} is there twice`,
    })),
  ];
}

function repeated(values: readonly (string | undefined)[]): number[] {
  return [...values.keys()].filter((index) => values[index] !== undefined && values.indexOf(values[index]) < index);
}

function missingFiles({ domains, authorities }: AppSettings): Problem[] {
  return [
    ...authorities.flatMap((file, index) => unreadable(file, ["authorities", index])),
    ...missingCertificates(domains),
  ];
}

function missingCertificates(domains: AppSettings["domains"]): Problem[] {
  return domains.flatMap(({ certificate, key }, index) => {
    if (certificate === undefined && key === undefined) return [];
    const path = ["domains", index] as const;
    if (key === undefined)
      return [{ path: [...path, "key"], sentence: "missing: a certificate needs the file with its key" }];
    if (certificate === undefined)
      return [{ path: [...path, "certificate"], sentence: "missing: there is a key without it" }];
    return [...unreadable(certificate, [...path, "certificate"]), ...unreadable(key, [...path, "key"])];
  });
}

function unreadable(file: string, path: readonly PropertyKey[]): Problem[] {
  try {
    if (statSync(file).isDirectory()) return [{ path, sentence: `is a folder, not a file: ${file}` }];
    readFileSync(file);
    return [];
  } catch (cause) {
    return [{ path, sentence: `${reasonOf(cause)}: ${file}` }];
  }
}

function override(configuration: Configuration, { data, port }: Overrides): Configuration {
  const listen = configuration.listen.map((listener, index) => {
    if (port === undefined) return listener;
    return { ...listener, port: port === 0 ? 0 : port + index };
  });
  const http = {
    ...configuration.http,
    listen: configuration.http.listen.map((listener, index) => {
      if (port === undefined) return listener;
      return { ...listener, port: port === 0 ? 0 : port + listen.length + index };
    }),
  };
  return { ...configuration, listen, http, ...(data === undefined ? {} : { data: resolve(data) }) };
}
