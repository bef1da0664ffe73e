import { createHash } from "node:crypto";
import type { Bus, Channel, NodeId } from "#core/bus.ts";

type Reader = (payload: string, from: NodeId) => void;
type Watcher = (joined: readonly NodeId[], left: readonly NodeId[]) => void;

/** Nodes of one process: a lone server is a hub with one member. Messages arrive in a later turn of the loop, in order. */
export class MemoryHub {
  readonly #nodes = new Map<NodeId, MemoryBus>();

  join(self: NodeId): Bus {
    if (this.#nodes.has(self)) throw new Error(`${self} is a member already`);
    const node = new MemoryBus(self, this);
    this.#nodes.set(self, node);
    for (const other of this.#nodes.values()) if (other !== node) other.membersChanged([self], []);
    return node;
  }

  leave(self: NodeId): void {
    if (!this.#nodes.delete(self)) return;
    for (const other of this.#nodes.values()) other.membersChanged([], [self]);
  }

  members(): ReadonlySet<NodeId> {
    return new Set(this.#nodes.keys());
  }

  post(from: NodeId, to: NodeId, channel: Channel, payload: string): void {
    setImmediate(() => this.#nodes.get(to)?.receive(channel, payload, from));
  }
}

class MemoryBus implements Bus {
  readonly self: NodeId;
  readonly #hub: MemoryHub;
  readonly #readers = new Map<Channel, Reader[]>();
  readonly #watchers: Watcher[] = [];

  constructor(self: NodeId, hub: MemoryHub) {
    this.self = self;
    this.#hub = hub;
  }

  get members(): ReadonlySet<NodeId> {
    return this.#hub.members();
  }

  send(node: NodeId, channel: Channel, payload: string): void {
    this.#hub.post(this.self, node, channel, payload);
  }

  broadcast(channel: Channel, payload: string): void {
    for (const node of this.members) if (node !== this.self) this.send(node, channel, payload);
  }

  on(channel: Channel, run: Reader): void {
    this.#readers.set(channel, [...(this.#readers.get(channel) ?? []), run]);
  }

  onMembers(run: Watcher): void {
    this.#watchers.push(run);
  }

  /** Rendezvous hash: the member with the highest digest of itself and the key. */
  owner(key: string): NodeId {
    let best = this.self;
    let highest = "";
    for (const node of this.members) {
      const digest = createHash("sha256").update(`${node}\n${key}`).digest("hex");
      if (digest > highest) [best, highest] = [node, digest];
    }
    return best;
  }

  async close(): Promise<void> {
    this.#hub.leave(this.self);
  }

  receive(channel: Channel, payload: string, from: NodeId): void {
    for (const run of this.#readers.get(channel) ?? []) run(payload, from);
  }

  membersChanged(joined: readonly NodeId[], left: readonly NodeId[]): void {
    for (const run of this.#watchers) run(joined, left);
  }
}
