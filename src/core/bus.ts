export type NodeId = string;

/** Every channel of the bus: the whole protocol between nodes. */
export const channels = {
  /** One stanza for a session of the receiving node. */
  deliver: "deliver",
  /** A packet whose service host is owned by the receiving node. */
  route: "route",
  /** Rows of the directory: bound, changed, gone. */
  directory: "directory",
  /** Keys of caches that no longer hold. */
  stale: "stale",
} as const;
export type Channel = (typeof channels)[keyof typeof channels];

/**
 * The cluster: members, messages between them, ownership. Messages from one node to another arrive in order, at most
 * once. A lone server uses the memory bus; there is no other mode.
 */
export interface Bus {
  readonly self: NodeId;
  readonly members: ReadonlySet<NodeId>;
  send(node: NodeId, channel: Channel, payload: string): void;
  /** To all members but this one. */
  broadcast(channel: Channel, payload: string): void;
  on(channel: Channel, run: (payload: string, from: NodeId) => void): void;
  onMembers(run: (joined: readonly NodeId[], left: readonly NodeId[]) => void): void;
  /** The member that owns a key: the same answer on all nodes with the same members. */
  owner(key: string): NodeId;
  close(): Promise<void>;
}
