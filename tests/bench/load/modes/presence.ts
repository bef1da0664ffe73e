import { attribute } from "../login.ts";
import type { Running } from "../measuring.ts";
import { connectPeers, type Peer, type Target } from "../target.ts";
import { Traffic } from "../traffic.ts";

export interface PresenceOptions {
  readonly groups: number;
  /** Members of a group; each has all others as contacts. */
  readonly members: number;
  /** The number of the first user: others than the other tests have, since contacts make a login dearer. */
  readonly first: number;
}

/** Each user changes its status when all contacts have seen the last one. A delivery is one presence to one client. */
export async function presence(target: Target, { groups, members, first }: PresenceOptions): Promise<Running> {
  const names = Array.from({ length: groups * members }, (_, index) => `u${first + index}`);
  const groupOf = <Item>(all: readonly Item[], index: number) => {
    const start = index - (index % members);
    return all.slice(start, start + members);
  };
  const routes = names.map((user, index) => ({ user, to: groupOf(names, index), element: "presence" }));
  const peers = await connectPeers(target, routes, false);
  if (target.kind === "server") {
    for (let start = 0; start < peers.length; start += members) await befriend(target, groupOf(peers, start));
  }
  const lanes = peers.map((peer, index) => ({
    sender: peer,
    receivers: groupOf(peers, index),
    stanza: (number: number) => stanza(target, peer, number),
  }));
  return new Traffic({ lanes, window: 1, recognize });
}

function stanza(target: Target, peer: Peer, number: number): string {
  const from = target.kind === "relay" ? ` from='${peer.jid}'` : "";
  return `<presence${from}><show>${number % 2 === 0 ? "away" : "dnd"}</show><status>${number}</status></presence>`;
}

function recognize(_receiver: Peer, stanza: string) {
  const sender = attribute(stanza, "from");
  const [, number] = /<status>(\d+)<\/status>/.exec(stanza) ?? [];
  const whole = stanza.startsWith("<presence") && attribute(stanza, "type") === undefined;
  return whole && sender !== undefined && number !== undefined ? { sender, number: Number(number) } : undefined;
}

/** Everybody of a group subscribes to everybody else's presence (RFC 6121 §3.1), and sees them all available. */
async function befriend(target: Target, group: readonly Peer[]): Promise<void> {
  const others = group.length - 1;
  const done = group.map(
    (peer) =>
      new Promise<void>((resolve, reject) => {
        const seen = new Set<string>();
        const timer = setTimeout(() => reject(new Error(`${peer.user} has only ${seen.size} contacts`)), 30_000);
        peer.link.listener = (text) => {
          const from = attribute(text, "from") ?? "";
          const type = attribute(text, "type");
          if (text.startsWith("<iq")) return;
          if (type === "subscribe") peer.link.send(`<presence type='subscribed' to='${from}'/>`);
          else if (type === undefined && from !== peer.jid) seen.add(from);
          if (seen.size < others) return;
          clearTimeout(timer);
          resolve();
        };
      }),
  );
  for (const peer of group) {
    for (const other of group) {
      if (other !== peer) peer.link.send(`<presence type='subscribe' to='${other.user}@${target.domain}'/>`);
    }
  }
  await Promise.all(done);
  await Promise.all(group.map((peer) => settled(target, peer)));
}

/** Waits until the server has answered a ping and nothing more has come for a while: pushes follow their cause. */
async function settled(target: Target, { link }: Peer): Promise<void> {
  let quiet = Date.now();
  link.listener = () => {
    quiet = Date.now();
  };
  link.send(`<iq type='get' to='${target.domain}' id='settled'><ping xmlns='urn:xmpp:ping'/></iq>`);
  while (Date.now() - quiet < 300) await new Promise((resolve) => setTimeout(resolve, 50));
}
