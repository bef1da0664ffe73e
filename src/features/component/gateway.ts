import type { Logger } from "#core/log.ts";
import type { Metrics } from "#core/metrics.ts";
import type { Packet } from "#core/packet.ts";
import { StanzaError } from "#stanza/error.ts";
import { StreamError } from "#stream/error.ts";
import type { ComponentStream } from "./component-stream.ts";
import { notConnected, tooSlow } from "./texts.ts";

interface GatewayOptions {
  readonly domain: string;
  readonly secret: string;
  readonly queue: number;
  readonly stall: number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The domain of one component, whether it is connected or not. */
export class Gateway {
  readonly domain: string;
  readonly secret: string;
  readonly #options: GatewayOptions;
  #stream: ComponentStream | undefined;
  /** Since when its queue has been full; milliseconds since the epoch. */
  #fullSince: number | undefined;

  constructor(options: GatewayOptions) {
    this.domain = options.domain;
    this.secret = options.secret;
    this.#options = options;
  }

  get connected(): boolean {
    return this.#stream !== undefined;
  }

  /** @throws StanzaError where the component cannot take it now */
  deliver({ stanza }: Packet): void {
    const stream = this.#stream?.stream;
    if (stream === undefined) throw new StanzaError("remote-server-timeout", notConnected);
    if (stream.transport.buffered > this.#options.queue) {
      this.#full();
      throw new StanzaError("resource-constraint", tooSlow);
    }
    stream.send(stanza.element);
  }

  /**
   * A connection has proved the secret. One that was there before ends: it may be dead without anybody having noticed,
   * and would keep its successor out.
   */
  attach(stream: ComponentStream): void {
    const before = this.#stream;
    this.#stream = stream;
    this.#fullSince = undefined;
    const { log } = this.#options;
    log.info("component connected", { domain: this.domain, peer: stream.stream.transport.peer });
    if (before === undefined) return;
    log.warn("a component connected twice; the older connection ends", { domain: this.domain });
    before.stream.close(new StreamError("conflict", "Another connection serves this domain now"));
  }

  lost(stream: ComponentStream): void {
    if (this.#stream === stream) this.#stream = undefined;
  }

  drained(stream: ComponentStream): void {
    if (this.#stream === stream) this.#fullSince = undefined;
  }

  /** Cuts a component off that has not read for too long. */
  lookOver(now: number): void {
    if (this.#fullSince === undefined || now - this.#fullSince < this.#options.stall) return;
    this.#fullSince = undefined;
    this.#options.metrics.count("component_streams_stalled");
    this.#options.log.warn("a component does not read and is disconnected", { domain: this.domain });
    this.#stream?.stream.transport.destroy();
  }

  #full(): void {
    this.#fullSince ??= Date.now();
    this.#options.metrics.count("component_stanzas_refused");
  }
}
