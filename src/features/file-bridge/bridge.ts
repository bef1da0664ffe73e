import type { Host, Server } from "#core/host.ts";
import type { LocalSession } from "#core/session.ts";
import { type Disco, disco } from "#features/disco/index.ts";
import { type Files, type StoredFile, uploadedFiles } from "#features/http-upload/index.ts";
import { type Proxy65, proxy65 } from "#features/proxy65/index.ts";
import { Jid } from "#jid/jid.ts";
import { deliver, explain, linkFor } from "./delivery.ts";
import { InBand } from "./in-band.ts";
import type { OfferedFile } from "./offer.ts";
import type { BridgeSettings } from "./settings.ts";
import { SocksReceiver } from "./socks-receiver.ts";
import type { Outcomes, Parties, Transfer } from "./transfer.ts";
import { Transfers } from "./transfers.ts";

/** What takes files, one for all hosts. */
export class Bridge {
  readonly settings: BridgeSettings;
  readonly transfers: Transfers;
  readonly inBand: InBand;
  readonly #server: Server;
  readonly #proxies = new Map<string, Proxy65>();
  readonly #capabilities = new Map<string, Disco>();

  constructor(server: Server, settings: BridgeSettings) {
    this.settings = settings;
    this.#server = server;
    this.transfers = new Transfers(settings, () => this.files);
    this.inBand = new InBand((requester, target, sid) => this.transfers.find(requester, target, sid));
    server.metrics.gauge("file_bridge_transfers_open", () => this.transfers.size);
  }

  get files(): Files | undefined {
    return uploadedFiles(this.#server);
  }

  /** The people of a host are served. */
  serve(host: Host): void {
    this.#proxies.set(host.domain, host.use(proxy65));
    this.#capabilities.set(host.domain, host.use(disco));
  }

  /** What clients can, at a domain with accounts. */
  capabilitiesAt(domain: string): Disco | undefined {
    return this.#capabilities.get(domain);
  }

  /** The proxy of a sender's domain, if that is what an address names and it works. */
  proxyFor({ jid }: LocalSession, streamhost: Jid): Proxy65 | undefined {
    const proxy = this.#proxies.get(jid.domain);
    return proxy?.isHere(streamhost) ? proxy : undefined;
  }

  /** The proxy of a domain with accounts, if it works. */
  proxyAt(domain: string): Proxy65 | undefined {
    const proxy = this.#proxies.get(domain);
    return proxy?.isHere(Jid.of("", domain)) ? proxy : undefined;
  }

  /**
   * Waits at the proxy for the bytes of a transfer, if a streamhost that its sender offers is our own: nobody makes this
   * server connect anywhere.
   */
  joins(transfer: Transfer, streamhost: string): boolean {
    const { parties, sid } = transfer;
    const jid = Jid.tryParse(streamhost);
    const proxy = jid && this.proxyFor(parties.session, jid);
    if (proxy === undefined || transfer.hasBegun) return false;
    transfer.cut?.(); // it may be asked again
    const socket = proxy.join({ sid, requester: parties.session.jid, target: parties.target });
    if (socket !== undefined) SocksReceiver.attach(socket, transfer);
    return socket !== undefined;
  }

  /** Whether there is any way from somebody to the files: without one, a link leads nowhere. */
  leads(session: LocalSession): boolean {
    const { files } = this;
    return files !== undefined && linkFor(files, session, { id: "0".repeat(32), name: "file" }) !== undefined;
  }

  /**
   * Takes an offer on.
   * @param told what else wants to know how it ends
   * @throws StanzaError why not
   */
  add(parties: Parties, sid: string, file: OfferedFile, told?: Partial<Outcomes>): Promise<Transfer> {
    return this.transfers.add(parties, sid, file, {
      stored: (transfer, stored) => {
        this.transfers.remove(transfer);
        this.#stored(transfer, stored);
        told?.stored?.(transfer, stored);
      },
      failed: (transfer, problem) => {
        this.transfers.remove(transfer);
        this.#failed(transfer, problem);
        told?.failed?.(transfer, problem);
      },
    });
  }

  #stored(transfer: Transfer, stored: StoredFile): void {
    const { metrics, log } = this.#server;
    metrics.count("file_bridge_files", transfer.parties.reason);
    metrics.count("file_bridge_bytes", undefined, stored.size);
    log.info("a file was taken for somebody else", { reason: transfer.parties.reason, size: stored.size });
    if (this.files !== undefined) deliver(this.#server, this.files, transfer, stored);
  }

  #failed(transfer: Transfer, problem: unknown): void {
    this.#server.metrics.count("file_bridge_failed");
    if (this.files !== undefined && transfer.hasBegun) explain(this.files, transfer, problem);
  }
}
