import { attribute, type Client, leave, XmppServer } from "../login.ts";
import { type Measurement, measure, type Schedule } from "../measuring.ts";
import type { Target } from "../target.ts";

export interface OfflineOptions {
  readonly pairs: number;
  /** Messages to each recipient in a round. */
  readonly messages: number;
  /** The number of the first user. */
  readonly first: number;
}

/**
 * Messages to users who are away: what it costs to store each, and to hand each out at the next login. The logins
 * themselves are not counted, only what initial presence sets off.
 */
export async function offline(target: Target, schedule: Schedule, options: OfflineOptions): Promise<Measurement[]> {
  const server = new XmppServer(target, target.domain, target.password);
  const { pairs, first } = options;
  const names = Array.from({ length: pairs * 2 }, (_, index) => `u${first + index}`);
  const senders = await server.loginAll(names.slice(0, pairs), { tls: false, presence: true });
  const away = names.slice(pairs);
  const total = pairs * options.messages;
  const measurements: Measurement[] = [];
  for (let round = -1; round < schedule.rounds; round++) {
    const stored = await measure("offline-store", target, async () => {
      await Promise.all(
        senders.map((sender, index) => write(target, sender, `${away[index]}@${target.domain}`, options)),
      );
      return total;
    });
    const recipients = await server.loginAll(away, { tls: false, presence: false });
    const retrieved = await measure("offline-retrieve", target, async () => {
      await Promise.all(recipients.map((client, index) => collect(client, senders[index]!, options)));
      return total;
    });
    await Promise.all(recipients.map(leave));
    if (round >= 0) measurements.push(stored, retrieved); // the round before the first warms up
  }
  await Promise.all(senders.map(leave));
  return measurements;
}

/** Writes all at once, and waits for an answer that comes after they were handled (RFC 6120 §10.1: in order). */
async function write(target: Target, { link }: Client, to: string, { messages }: OfflineOptions): Promise<void> {
  for (let number = 0; number < messages; number++) {
    link.send(
      `<message type='chat' to='${to}' id='${number}'><body>${"Parting is such sweet sorrow. ".repeat(3)}</body></message>`,
    );
  }
  link.send(`<iq type='get' to='${target.domain}' id='stored'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const answer = await link.next();
  if (attribute(answer, "id") !== "stored") throw new Error(`a message was not kept: ${answer}`);
}

/** Becomes available and takes what was kept: everything, once, in order. */
async function collect({ link, jid }: Client, sender: Client, { messages }: OfflineOptions): Promise<void> {
  link.send("<presence/>");
  for (let number = 0; number < messages; ) {
    const stanza = await link.next();
    if (stanza.startsWith("<presence") && attribute(stanza, "from") === jid) continue;
    const right = stanza.startsWith("<message") && attribute(stanza, "from") === sender.jid;
    if (!right || Number(attribute(stanza, "id")) !== number) {
      throw new Error(`${jid} awaited message ${number}, got ${stanza.slice(0, 500)}`);
    }
    number++;
  }
}
