import { admitting } from "#core/account.ts";
import type { Host } from "#core/host.ts";
import { background } from "#core/log.ts";
import type { StreamFeature } from "#core/negotiation.ts";
import type { Element } from "#xml/element.ts";
import { c } from "./capabilities.ts";
import { type Description, describe, infoElement } from "./description.ts";
import { verificationOf } from "./verification.ts";

/** What names this software in capabilities (XEP-0115 §4). */
const software = "https://parloir.example/";
const hash = "sha-1"; // §9.1: mandatory to implement, so the one that everybody can check
/** How long what was said of the server is taken to hold, in milliseconds. */
const holdsFor = 60_000;

interface Announced {
  readonly node: string;
  readonly element: Element;
  readonly description: Description;
  readonly at: number;
}

/** The server's own capabilities: told in the stream features (XEP-0115 §6.3), so that clients ask only once for all. */
export class OwnCapabilities {
  readonly #host: Host;
  #announced: Announced | undefined;
  #making: Promise<void> | undefined;

  constructor(host: Host) {
    this.#host = host;
    // Features are offered at once; what they say may take a moment to put together. A failure keeps nobody out.
    host.on(admitting, "record", () => {
      if (this.#current() === undefined) return this.#making?.catch(() => {});
    });
  }

  readonly streamFeature: StreamFeature = {
    accepts: [],
    offer: ({ account }) => (account === undefined ? undefined : this.#current()?.element),
    negotiate: () => {},
  };

  /** The answer to who asks for the very node that was announced (§6.2). */
  answer(query: Element): Element | undefined {
    const { node } = query.attrs;
    const announced = node === undefined ? undefined : this.#current();
    return announced?.node === node ? announced && infoElement({ ...announced.description, node }) : undefined;
  }

  #current(): Announced | undefined {
    if (this.#announced && performance.now() - this.#announced.at < holdsFor) return this.#announced;
    const { jid } = this.#host;
    const description = describe(this.#host, { to: jid, from: jid, node: undefined, lang: undefined });
    if (description instanceof Promise) {
      this.#making ??= description
        .then((later) => this.#take(later))
        .finally(() => {
          this.#making = undefined;
        });
      background(this.#host.log, this.#making);
    } else this.#take(description);
    return this.#announced;
  }

  #take(description: Description): void {
    const ver = verificationOf(infoElement(description), hash);
    if (ver === undefined) throw new Error("what the server says of itself is ill-formed by XEP-0115");
    const element = c({ hash, node: software, ver });
    this.#announced = { node: `${software}#${ver}`, element, description, at: performance.now() };
  }
}
