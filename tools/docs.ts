/** Writes what is generated of the documentation: `npm run docs`. A test compares. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generated, root } from "./docs/generated.ts";

for (const [file, text] of Object.entries(generated())) {
  writeFileSync(join(root, file), text);
  console.log(file);
}
