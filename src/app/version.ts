import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the installation: where `run`, `parloir` and, unless told otherwise, `parloir.yaml` and `data` are. */
export const installation = join(import.meta.dirname, "..", "..");

/** The version of the program, as package.json says. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(installation, "package.json"), "utf8")) as { version: string };
  return version;
}
