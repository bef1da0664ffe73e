import { Recent } from "#collections/recent.ts";
import { channels } from "#core/bus.ts";
import type { Host } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { lastPublished, type Node, readNodes } from "./store.ts";

/** Accounts whose nodes are kept in memory: those who publish, or are looked at. */
const mostKept = 1000;

/** The nodes of an account, in memory. */
export interface Nodes {
  readonly byName: Map<string, Node>;
  /** When the newest item was published. */
  newest: number;
}

/** The nodes of all accounts of a host. Changes of one account are made one after the other. */
export class NodeTable {
  readonly #host: Host;
  readonly #kept = new Recent<Promise<Nodes>>(mostKept);
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(host: Host) {
    this.#host = host;
    host.server.bus.on(channels.stale, (key) => {
      if (key.startsWith(prefix)) this.#kept.delete(key.slice(prefix.length));
    });
  }

  /** The nodes of an account, as they are after the changes asked for so far. */
  async of(account: Jid): Promise<Nodes> {
    const key = account.toString();
    await this.#tails.get(key);
    return this.#current(key);
  }

  #current(key: string): Promise<Nodes> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const loading = this.#load(key);
    this.#kept.set(key, loading);
    loading.catch(() => this.#kept.delete(key));
    return loading;
  }

  /** Changes the nodes of an account; other changes of it wait. Whatever fails, what is in memory is read anew. */
  change<Result>(account: Jid, work: (nodes: Nodes) => Promise<Result>): Promise<Result> {
    const key = account.toString();
    const result = (this.#tails.get(key) ?? Promise.resolve()).then(async () => {
      try {
        return await work(await this.#current(key));
      } catch (problem) {
        this.#kept.delete(key);
        throw problem;
      } finally {
        this.#host.server.bus.broadcast(channels.stale, `${prefix}${key}`);
      }
    });
    const tail = result.then(nothing, nothing);
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return result;
  }

  async #load(key: string): Promise<Nodes> {
    const [byName, newest] = await Promise.all([readNodes(this.#host.db, key), lastPublished(this.#host.db, key)]);
    return { byName, newest };
  }
}

const prefix = "pep ";

function nothing(): void {}
