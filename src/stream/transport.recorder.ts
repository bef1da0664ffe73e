import type { CloseReason, Transport, TransportEvents } from "./transport.ts";

/** Records what a transport tells, and lets a test wait for it. */
export class Recorder implements TransportEvents {
  received = "";
  chunks = 0;
  drains = 0;
  reason: CloseReason | undefined;
  cause: Error | undefined;
  readonly afterwards: string[] = [];
  onData: ((bytes: string) => void) | undefined;
  #wake: (() => void)[] = [];

  data(bytes: string): void {
    if (this.reason !== undefined) this.afterwards.push("data");
    this.received += bytes;
    this.chunks++;
    this.onData?.(bytes);
    this.#changed();
  }

  drain(): void {
    if (this.reason !== undefined) this.afterwards.push("drain");
    this.drains++;
    this.#changed();
  }

  closed(reason: CloseReason, cause?: Error): void {
    if (this.reason !== undefined) this.afterwards.push("closed");
    this.reason = reason;
    this.cause = cause;
    this.#changed();
  }

  /** Waits until something holds; it is looked at after each event. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** Opens a transport and records. */
export function record(transport: Transport): Recorder {
  const recorder = new Recorder();
  transport.open(recorder);
  return recorder;
}
