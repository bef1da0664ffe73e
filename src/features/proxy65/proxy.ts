import type { Logger } from "#core/log.ts";
import { socketPair } from "#core/memory-sockets.ts";
import type { Metrics } from "#core/metrics.ts";
import type { RawSocket, SocketListener, Sockets } from "#core/sockets.ts";
import { StanzaError } from "#stanza/error.ts";
import { Connection, type Reception } from "./connection.ts";
import type { ProxySettings } from "./settings.ts";
import { alone, busy, nobodyThere, spent, tooMany } from "./texts.ts";
import { Transfer, type TransferEnd } from "./transfer.ts";
import { Usage } from "./usage.ts";

export interface ProxyParts {
  readonly settings: ProxySettings;
  readonly sockets: Sockets | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A transfer that somebody asked for. */
interface Running {
  /** Bare JID. */
  readonly account: string;
  readonly networks: readonly string[];
}

/** Connections of each network, against their limit. */
class Networks {
  readonly #limit: number;
  readonly #open = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False: over the limit. */
  add(network: string): boolean {
    const open = this.#open.get(network) ?? 0;
    if (open < this.#limit) this.#open.set(network, open + 1);
    return open < this.#limit;
  }

  remove(network: string): void {
    const open = this.#open.get(network) ?? 0;
    if (open > 1) this.#open.set(network, open - 1);
    else this.#open.delete(network);
  }
}

/** The SOCKS5 side, one for all domains: connections that wait for each other, and transfers. */
export class SocksProxy implements Reception {
  readonly #parts: ProxyParts;
  readonly #usage: Usage;
  /** Every connection before its transfer. */
  readonly #connections = new Set<Connection>();
  /** Those that said what they want. */
  readonly #waiting = new Map<string, readonly Connection[]>();
  readonly #networks: Networks;
  readonly #running = new Map<Transfer, Running>();
  readonly #listeners: SocketListener[] = [];
  readonly #sweep: NodeJS.Timeout;
  /** For one destination: some targets try all the addresses that they are offered at once, and stay connected to each. */
  readonly #mostWaiting: number;
  #arrivals = 0;
  #idleAt: number;
  #closed = false;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    const { settings, metrics } = parts;
    this.#networks = new Networks(settings["connections-per-address"]);
    this.#usage = new Usage(settings["bytes-per-day"], () => performance.now());
    this.#mostWaiting = 1 + Math.max(1, settings.public.length);
    const shortest = Math.min(settings["handshake-time"], settings["waiting-time"], settings.idle, 5_000);
    this.#sweep = setInterval(() => this.#lookOver(), Math.max(20, shortest));
    this.#sweep.unref();
    this.#idleAt = performance.now() + settings.idle;
    metrics.gauge("proxy65_transfers_open", () => this.#running.size);
    metrics.gauge("proxy65_connections_waiting", () => this.#connections.size);
  }

  /** The ports that are listened at; none while the proxy cannot work. */
  get ports(): readonly number[] {
    return this.#listeners.map(({ port }) => port);
  }

  /** Opens the listeners. What cannot be had is logged: people can talk without sending files. */
  async open(): Promise<void> {
    const { settings, sockets, log } = this.#parts;
    if (sockets === undefined) return;
    for (const { address, port } of settings.listen) {
      try {
        this.#listeners.push(await sockets.listen({ address, port, accept: (socket) => this.#accept(socket) }));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.error("the proxy for files cannot listen; files go by other ways", { reason });
      }
    }
  }

  /** Ends everything. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const connection of this.#connections) connection.leave();
    for (const transfer of this.#running.keys()) transfer.stop("stopped");
  }

  /**
   * Joins the two connections that wait under these destinations (XEP-0065 §6.3.5).
   *
   * @param account the bare JID of who asks, whose limits count
   * @throws StanzaError `item-not-found` nobody waits there; `not-allowed` one waits alone; `resource-constraint` a limit
   */
  activate(destinations: readonly string[], account: string): void {
    const found = [...new Set(destinations)].flatMap((destination) => this.#waiting.get(destination) ?? []);
    const [target, ...later] = found.sort((one, other) => one.arrival - other.arrival);
    const requester = later.pop(); // it connects once the target has chosen this proxy (§6.1)
    if (target === undefined) throw new StanzaError("item-not-found", nobodyThere);
    if (requester === undefined || found.length > this.#mostWaiting) throw new StanzaError("not-allowed", alone);
    this.#checkLimits(account);
    for (const spare of later) spare.leave();
    this.#begin([requester, target], account);
  }

  /** Ends the transfers that somebody has started. */
  end(account: string): void {
    for (const [transfer, running] of this.#running) if (running.account === account) transfer.stop("stopped");
  }

  /**
   * Lets the server itself wait at a destination, as a client that has connected: what comes out of the connection that is
   * returned is what the peer sends. Undefined: two wait there already.
   */
  wait(destination: string): RawSocket | undefined {
    const [near, far] = socketPair();
    const connection = new Connection(far, this, 0);
    if (!connection.waitsAt(destination)) return undefined;
    this.#connections.add(connection);
    far.open(connection);
    return near;
  }

  requested(connection: Connection, destination: string): boolean {
    const others = this.#waiting.get(destination) ?? [];
    if (others.length >= this.#mostWaiting) {
      this.#refused("crowded");
      return false;
    }
    this.#waiting.set(destination, [...others, connection]);
    connection.arrival = ++this.#arrivals;
    connection.deadline = performance.now() + this.#parts.settings["waiting-time"];
    return true;
  }

  left(connection: Connection): void {
    this.#connections.delete(connection);
    const { destination } = connection;
    const others = (this.#waiting.get(destination) ?? []).filter((other) => other !== connection);
    if (others.length === 0) this.#waiting.delete(destination);
    else this.#waiting.set(destination, others);
    if (!connection.joined) this.#networks.remove(connection.socket.network);
  }

  #accept(socket: RawSocket): void {
    const { settings } = this.#parts;
    // Each transfer has two connections, and as many may be waiting.
    if (this.#closed || this.#connections.size + 2 * this.#running.size >= 4 * settings.transfers) {
      return this.#turnAway(socket, "connections");
    }
    if (!this.#networks.add(socket.network)) return this.#turnAway(socket, "connections-per-address");
    const connection = new Connection(socket, this, performance.now() + settings["handshake-time"]);
    this.#connections.add(connection);
    socket.open(connection);
  }

  #turnAway(socket: RawSocket, why: string): void {
    this.#refused(why);
    socket.destroy();
  }

  #refused(why: string): void {
    this.#parts.metrics.count("proxy65_refused", why);
  }

  /** @throws StanzaError `resource-constraint` */
  #checkLimits(account: string): void {
    const { settings } = this.#parts;
    const own = [...this.#running.values()].filter((running) => running.account === account).length;
    const limits = [
      { reached: this.#running.size >= settings.transfers, name: "transfers", text: busy },
      { reached: own >= settings["transfers-per-account"], name: "transfers-per-account", text: tooMany },
      { reached: !this.#usage.allows(this.#usage.of(account)), name: "bytes-per-day", text: spent },
    ];
    const limit = limits.find(({ reached }) => reached);
    if (limit === undefined) return;
    this.#refused(limit.name);
    throw new StanzaError("resource-constraint", limit.text);
  }

  #begin(pair: readonly [Connection, Connection], account: string): void {
    const { metrics, settings } = this.#parts;
    const used = this.#usage.of(account);
    const ends = [pair[0].join(), pair[1].join()] as const;
    metrics.count("proxy65_transfers");
    const transfer = new Transfer(ends, {
      rate: settings.rate,
      passing: (bytes) => {
        if (!this.#usage.allows(used)) return false;
        used.bytes += bytes;
        metrics.count("proxy65_bytes", undefined, bytes);
        return true;
      },
      over: (why) => this.#over(transfer, why),
    });
    this.#running.set(transfer, { account, networks: ends.map(({ socket }) => socket.network) });
    transfer.start();
  }

  #over(transfer: Transfer, why: TransferEnd): void {
    const { metrics, log } = this.#parts;
    const running = this.#running.get(transfer);
    this.#running.delete(transfer);
    for (const network of running?.networks ?? []) this.#networks.remove(network);
    metrics.count("proxy65_transfers_ended", why);
    log.debug("transfer ended", { account: running?.account, why, bytes: transfer.bytes });
  }

  #lookOver(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      if (connection.deadline > now) continue;
      this.#refused("late");
      connection.leave();
    }
    if (now < this.#idleAt) return;
    this.#idleAt = now + this.#parts.settings.idle;
    this.#usage.sweep();
    for (const transfer of this.#running.keys()) transfer.endIfIdle();
  }
}
