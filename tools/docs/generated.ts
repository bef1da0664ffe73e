import { join } from "node:path";
import { configurationManual } from "./configuration.ts";
import { readFeatures } from "./features.ts";
import { doap, xepTable } from "./xeps.ts";

export const root = join(import.meta.dirname, "..", "..");

/** Every generated file, by its path from the root. */
export function generated(): Record<string, string> {
  const features = readFeatures(join(root, "src", "features"));
  return {
    "docs/configuration.md": configurationManual(features),
    "docs/xeps.md": xepTable(features),
    "server.doap": doap(features),
  };
}
