import { type Condition, type ErrorType, StanzaError } from "#stanza/error.ts";
import type { Text } from "#stanza/text.ts";

/** The steps to another server, in their order; what fails names its own. */
export const steps = ["policy", "dns", "connection", "tls", "certificate", "authentication", "stream"] as const;
export type Step = (typeof steps)[number];

/** Why another server cannot be reached: what its sender is told, and what its operator reads. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly step: Step;
  readonly condition: Condition;
  readonly words: Text;
  readonly type: ErrorType | undefined;

  /** @param detail for the log and for operators, never for peers */
  constructor(
    step: Step,
    told: { readonly condition: Condition; readonly words: Text; readonly type?: ErrorType },
    detail: string,
    cause?: unknown,
  ) {
    super(detail, cause === undefined ? undefined : { cause });
    this.step = step;
    this.condition = told.condition;
    this.words = told.words;
    this.type = told.type;
  }

  toStanzaError(): StanzaError {
    return new StanzaError(this.condition, this.words, this.type === undefined ? {} : { type: this.type });
  }
}
