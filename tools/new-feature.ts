/** Makes the folder of a new feature: `npm run new-feature time 202`. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { featureFiles, indexLine } from "./new-feature/files.ts";

const usage = "usage: npm run new-feature NAME XEP [-- --folder FOLDER]     such as: npm run new-feature time 202";

function main(): number {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { folder: { type: "string" } } });
  const [name = "", xep = ""] = positionals;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || !/^\d{1,4}$/.test(xep)) {
    console.error(usage);
    return 2;
  }
  const folder = join(values.folder ?? join(import.meta.dirname, "..", "src", "features"), name);
  if (existsSync(folder)) {
    console.error(`${folder} exists already`);
    return 1;
  }
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(featureFiles(name, Number(xep)))) writeFileSync(join(folder, file), text);
  console.log(
    `Made src/features/${name}/. Now add it to src/features/index.ts, in the order in which handlers shall run:`,
  );
  console.log(`  ${indexLine(name)}`);
  console.log("Then follow docs/add-a-xep.md.");
  return 0;
}

process.exitCode = main();
