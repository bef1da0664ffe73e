import type { Logger } from "#core/log.ts";

/** Prints every line, for a person who looks for the reason of a failure (LOG=1). */
export const talkative: Logger = {
  debug: (sentence, fields) => print("debug", sentence, fields),
  info: (sentence, fields) => print("info", sentence, fields),
  warn: (sentence, fields) => print("warn", sentence, fields),
  error: (sentence, fields) => print("error", sentence, fields),
  child: () => talkative,
};

function print(level: string, sentence: string, fields: object | undefined): void {
  console.error(level, sentence, fields ?? "");
}
