import type { TestEvent } from "node:test/reporters";

/** What became of a test. */
export interface Result {
  readonly name: string;
  readonly file: string;
  /** Why it was not run. */
  readonly skip?: string;
  /** What went wrong. */
  readonly error?: string;
}

/** A reporter for `node --test`: each test as a JSON object on a line. */
export default async function* results(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, skip, details } = event.data;
    // `file` is where `test` was called: the harness. Node says too which file it ran, but its types do not.
    const { entryFile, file = "" } = event.data as { readonly entryFile?: string; readonly file?: string };
    const failed = event.type === "test:fail";
    const cause = failed ? (event.data.details.error.cause ?? event.data.details.error) : undefined;
    if (details.type === "suite") continue;
    const result: Result = {
      name,
      file: entryFile ?? file,
      ...(skip === undefined ? {} : { skip: String(skip) }),
      ...(failed ? { error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) } : {}),
    };
    yield `${JSON.stringify(result)}\n`;
  }
}
