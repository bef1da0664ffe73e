import { attribute } from "../login.ts";
import type { Running } from "../measuring.ts";
import { connectPeers, type Peer, type Target } from "../target.ts";
import { Traffic } from "../traffic.ts";

/** Each user asks the server whether it is there (XEP-0199), again as soon as it has answered. */
export async function ping(target: Target, { users }: { readonly users: number }): Promise<Running> {
  const names = Array.from({ length: users }, (_, index) => `u${index}`);
  const peers = await connectPeers(
    target,
    names.map((user) => ({ user, to: [user], element: "iq" })),
    false,
  );
  const lanes = peers.map((peer) => ({
    sender: peer,
    receivers: [peer],
    stanza: (number: number) =>
      `<iq type='get' to='${target.domain}' id='${number}'><ping xmlns='urn:xmpp:ping'/></iq>`,
  }));
  const expected = target.kind === "server" ? "result" : "get";
  const recognize = (receiver: Peer, stanza: string) =>
    stanza.startsWith("<iq") && attribute(stanza, "type") === expected
      ? { sender: receiver.jid, number: Number(attribute(stanza, "id")) }
      : undefined;
  return new Traffic({ lanes, window: 1, recognize });
}
