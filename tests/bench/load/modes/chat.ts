import { attribute } from "../login.ts";
import type { Running } from "../measuring.ts";
import { connectPeers, type Peer, type Target } from "../target.ts";
import { type Lane, Traffic } from "../traffic.ts";

export interface ChatOptions {
  readonly pairs: number;
  /** Messages of a pair under way in each direction. */
  readonly window: number;
  /** The second of a pair writes too. */
  readonly bothWays: boolean;
  readonly tls: boolean;
}

const body = "It was the lark, the herald of the morn, no nightingale: look, love, what envious streaks do lace them.";

/** Pairs of users write to each other: type chat, bare addresses, a body of 100 bytes. */
export async function chat(target: Target, { pairs, window, bothWays, tls }: ChatOptions): Promise<Running> {
  const users = Array.from({ length: pairs * 2 }, (_, index) => `u${index}`);
  const routes = users.map((user, index) => ({ user, to: [users[index ^ 1]!], element: "message" }));
  const peers = await connectPeers(target, routes, tls);
  const lanes = peers.flatMap((peer, index) =>
    bothWays || index % 2 === 0 ? [lane(target, peer, peers[index ^ 1]!)] : [],
  );
  return new Traffic({ lanes, window, recognize });
}

function lane(target: Target, sender: Peer, receiver: Peer): Lane {
  // A server stamps the sender's address; the relay does not.
  const from = target.kind === "relay" ? ` from='${sender.jid}'` : "";
  const head = `<message type='chat' to='${receiver.user}@${target.domain}'${from} id='`;
  const tail = `'><body>${body.slice(0, 100)}</body></message>`;
  return { sender, receivers: [receiver], stanza: (number) => head + number + tail };
}

function recognize(_receiver: Peer, stanza: string) {
  const sender = attribute(stanza, "from");
  const number = Number(attribute(stanza, "id"));
  const whole =
    stanza.startsWith("<message") && stanza.includes(body.slice(0, 100)) && attribute(stanza, "type") === "chat";
  return sender !== undefined && whole ? { sender, number } : undefined;
}
