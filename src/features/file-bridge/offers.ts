import { randomUUID } from "node:crypto";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { Packet } from "#core/packet.ts";
import { available } from "#core/session.ts";
import type { Files, StoredFile } from "#features/http-upload/index.ts";
import type { Proxy65 } from "#features/proxy65/index.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { iq as iqTag, Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";
import type { Bridge } from "./bridge.ts";
import { chosenMethod, offering } from "./offer.ts";
import { isStrict } from "./old-clients.ts";
import type { Questions } from "./questions.ts";
import { SocksSender } from "./socks-sender.ts";
import { bytestreams, query, streamhost, streamhostUsed } from "./tags.ts";

const outOfBand = tag("jabber:x:oob", "x");
const url = tag("jabber:x:oob", "url");

/** How long somebody may think about a file, and their client take to connect; milliseconds. */
const thinkingMs = 10 * 60_000;
const connectingMs = 60_000;
/** The longest link that is looked at. */
const longestLink = 4096;

/** Somebody who sent a link, and a client that is offered the file. */
interface Pair {
  readonly sender: Jid;
  readonly receiver: Jid;
}

/** Offers the files that links lead to, to clients that know no other way than Stream Initiation (XEP-0096). */
export class Offers {
  readonly #host: Host;
  readonly #bridge: Bridge;
  readonly #questions: Questions;
  /** Offers that are open, by the account of who gets them. */
  readonly #open = new Map<string, number>();

  constructor(host: Host, bridge: Bridge, questions: Questions) {
    this.#host = host;
    this.#bridge = bridge;
    this.#questions = questions;
  }

  /** A message has arrived: if it has a link to a file here, clients that are there are offered that. */
  note({ stanza }: Packet): void {
    if (stanza.kind !== "message" || stanza.type === "error" || stanza.type === "groupchat") return;
    const link = stanza.element.child(outOfBand)?.child(url)?.text;
    if (link === undefined || link.length > longestLink || stanza.from.isBare) return;
    if (this.#host.server.router.hosts.get(stanza.from.domain)?.where !== "accounts") return; // its answers pass here
    for (const session of this.#host.sessions.of(stanza.to.bare)) {
      if (!isStrict(session) || !session.get(available)) continue;
      const pair = { sender: stanza.from, receiver: session.jid };
      background(this.#host.log, this.#offer(pair, link), "a file could not be offered");
    }
  }

  async #offer(pair: Pair, link: string): Promise<void> {
    const { files, settings } = this.#bridge;
    const proxy = this.#bridge.proxyAt(pair.receiver.domain);
    const account = pair.receiver.bare.toString();
    const open = this.#open.get(account) ?? 0;
    if (files === undefined || proxy === undefined || open >= settings["transfers-per-account"]) return;
    this.#open.set(account, open + 1);
    try {
      const file = await files.linked(link);
      if (file !== undefined) await this.#send(pair, file, { files, proxy });
    } catch (problem) {
      if (!(problem instanceof StanzaError)) throw problem; // else they do not want it, or cannot: they have the link
      this.#host.log.debug("a file that was offered was not taken", { condition: problem.condition });
    } finally {
      const left = (this.#open.get(account) ?? 1) - 1;
      if (left > 0) this.#open.set(account, left);
      else this.#open.delete(account);
    }
  }

  /** XEP-0095 §3.2, XEP-0065 §6.3, the server being the requester. @throws StanzaError */
  async #send({ sender, receiver }: Pair, file: StoredFile, { files, proxy }: { files: Files; proxy: Proxy65 }) {
    const sid = randomUUID();
    const { name, size, type } = file;
    const offer = offering({ sid, file: { name, size, type, checksum: undefined }, methods: [bytestreams] });
    const answer = await this.#questions.ask(sender, receiver, offer, thinkingMs);
    if (chosenMethod(answer) !== bytestreams) return;
    const stream = { sid, requester: sender, target: receiver };
    const streamhosts = await this.#streamhosts(sender);
    const socket = proxy.join(stream);
    if (socket === undefined) throw new StanzaError("resource-constraint");
    try {
      const connected = await this.#questions.ask(sender, receiver, query({ sid }, ...streamhosts), connectingMs);
      if (connected?.child(streamhostUsed) === undefined) throw new StanzaError("item-not-found");
      proxy.activate(stream, sender);
    } catch (problem) {
      socket.destroy();
      throw problem;
    }
    const content = await files.read(file.id);
    if (content === undefined) return socket.destroy();
    await SocksSender.send(content, socket);
    this.#host.server.metrics.count("file_bridge_offered");
  }

  /** What the proxy says of itself. */
  async #streamhosts(asker: Jid): Promise<readonly Element[]> {
    const home = this.#host.server.router.hosts.get(asker.domain);
    if (home === undefined) throw new StanzaError("item-not-found");
    const question = Stanza.of("iq", iqTag({ type: "get" }, query()), asker.bare, Jid.of("", asker.domain));
    const answer = await home.view("file-bridge").ask(question);
    return answer.payload?.all(streamhost) ?? [];
  }
}
