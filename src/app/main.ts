import { runCommandLine } from "./cli/program.ts";

/** The process: `node src/app/main.ts start` and the other commands of `parloir`. */
process.exitCode = await runCommandLine(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
});
