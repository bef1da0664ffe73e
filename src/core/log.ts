/** Fields of a log line: never bodies, never credentials. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * A constant sentence and fields. error = a person must act, warn = an operator should know, info = life cycle,
 * debug = headers of stanzas.
 */
export interface Logger {
  debug(sentence: string, fields?: Fields): void;
  info(sentence: string, fields?: Fields): void;
  warn(sentence: string, fields?: Fields): void;
  error(sentence: string, fields?: Fields): void;
  /** A logger that adds these fields to each line. */
  child(fields: Fields): Logger;
}

/** A logger that says nothing. */
export const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};

/** Lets a promise run on its own: what it throws is logged, never lost. */
export function background(log: Logger, work: unknown, sentence = "background work failed"): void {
  if (work instanceof Promise) work.catch((cause) => log.error(sentence, { cause }));
}
