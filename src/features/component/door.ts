import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "#core/host.ts";
import type { Logger } from "#core/log.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { checkShape } from "#stanza/stanza.ts";
import { StreamError } from "#stream/error.ts";
import type { CloseReason, Transport } from "#stream/transport.ts";
import { ComponentStream } from "./component-stream.ts";
import { Gateway } from "./gateway.ts";
import type { ComponentSettings } from "./settings.ts";

/** How long components may take to close when the server stops, in milliseconds. */
const mostClosing = 400;

/** The door that components come in at. */
export class ComponentDoor {
  readonly settings: ComponentSettings;
  readonly log: Logger;
  readonly #server: Server;
  readonly #gateways = new Map<string, Gateway>();
  readonly #streams = new Set<ComponentStream>();
  readonly #sweep: NodeJS.Timeout;
  #closing = false;
  #emptied: (() => void) | undefined;

  /** @param secrets by domain */
  constructor(server: Server, settings: ComponentSettings, secrets: ReadonlyMap<string, string>) {
    this.#server = server;
    this.settings = settings;
    this.log = server.log.child({ feature: "component" });
    const { queue, stall } = settings;
    for (const [domain, secret] of secrets) {
      const gateway = new Gateway({ domain, secret, queue, stall, log: this.log, metrics: server.metrics });
      this.#gateways.set(domain, gateway);
      server.router.gateways.set(domain, (packet) => gateway.deliver(packet));
    }
    this.#sweep = setInterval(() => this.#lookOver(), Math.max(20, Math.min(1000, stall, settings["login-time"])));
    this.#sweep.unref();
    server.metrics.gauge(
      "components_connected",
      () => [...this.#gateways.values()].filter((one) => one.connected).length,
    );
  }

  gateway(domain: string): Gateway | undefined {
    return this.#gateways.get(domain);
  }

  accept(transport: Transport): void {
    if (this.#closing) return transport.destroy();
    const stream = new ComponentStream(this, transport);
    this.#streams.add(stream);
    stream.stream.start();
  }

  /** A component sends: to an address of ours as another server would, or on to where it belongs. */
  take(stanza: Stanza): void | Promise<void> {
    const { router, faces } = this.#server;
    try {
      checkShape(stanza);
    } catch (problem) {
      return router.bounce({ stanza }, problem);
    }
    this.#server.metrics.count("component_stanzas_received");
    return router.hosts.has(faces.domain(stanza.to.domain)) ? router.accept(stanza) : router.route({ stanza });
  }

  refused(stream: ComponentStream, error: StreamError): void {
    const { peer } = stream.stream.transport;
    this.#server.metrics.count("component_streams_refused", error.condition);
    this.log.warn("component refused", {
      domain: stream.name,
      peer,
      condition: error.condition,
      why: error.explanation,
    });
  }

  ended(stream: ComponentStream, reason: CloseReason): void {
    if (!this.#streams.delete(stream)) return;
    if (stream.gateway !== undefined) this.log.info("component gone", { domain: stream.name, reason });
    if (this.#streams.size === 0) this.#emptied?.();
  }

  /** Takes nothing more, finishes what is under way, and tells components that the server stops. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sweep);
    const streams = [...this.#streams];
    await Promise.race([
      Promise.allSettled(streams.map(({ stream }) => stream.finishes())),
      sleep(mostClosing, undefined, { ref: false }),
    ]);
    for (const domain of this.#gateways.keys()) this.#server.router.gateways.delete(domain);
    for (const { stream } of streams) stream.close(new StreamError("system-shutdown"));
    if (this.#streams.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    await Promise.race([empty, sleep(mostClosing, undefined, { ref: false })]);
    for (const { stream } of this.#streams) stream.transport.destroy();
  }

  #lookOver(): void {
    const now = Date.now();
    for (const gateway of this.#gateways.values()) gateway.lookOver(now);
    for (const { gateway, since, stream } of this.#streams) {
      if (gateway !== undefined || now - since < this.settings["login-time"]) continue;
      stream.close(new StreamError("connection-timeout", "The handshake took too long"));
    }
  }
}
