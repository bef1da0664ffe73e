import { StanzaError } from "#stanza/error.ts";
import { Stanza } from "#stanza/stanza.ts";
import type { Bus } from "./bus.ts";
import { channels } from "./bus.ts";
import { DatabaseError } from "./database.ts";
import { deliver } from "./delivery.ts";
import type { Faces } from "./faces.ts";
import type { FederationView } from "./federation.ts";
import type { LocalHost } from "./local-host.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { arriving, entering, leaving, type Packet, sending } from "./packet.ts";

interface RouterParts {
  readonly bus: Bus;
  readonly faces: Faces;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Takes each stanza to where it is addressed. Nothing here waits unless a handler does. */
export class Router {
  readonly hosts = new Map<string, LocalHost>();
  /** Domains that somebody else serves behind this server: external components (XEP-0114). */
  readonly gateways = new Map<string, (packet: Packet) => void | Promise<void>>();
  /** Set by federation; refuses until then. */
  remote: (packet: Packet) => void | Promise<void> = () => {
    throw new StanzaError("remote-server-not-found", noFederation);
  };
  /** Set by federation. */
  federation: FederationView | undefined;
  readonly #bus: Bus;
  readonly #faces: Faces;
  readonly #log: Logger;
  readonly #metrics: Metrics;

  constructor({ bus, faces, log, metrics }: RouterParts) {
    this.#bus = bus;
    this.#faces = faces;
    this.#log = log;
    this.#metrics = metrics;
  }

  /** A local client sends a stanza: its own host's handlers first, then the way to its recipient. */
  send(packet: Packet): void | Promise<void> {
    try {
      const host = this.hosts.get(packet.stanza.from.domain);
      const outcome = host === undefined ? false : host.fire(sending, packet);
      if (outcome === true) return;
      return outcome === false ? this.route(packet) : this.#afterwards(outcome, packet, (next) => this.route(next));
    } catch (problem) {
      return this.bounce(packet, problem);
    }
  }

  /** A stanza from anywhere: a client's, a host's own, another server's, another node's. */
  route(packet: Packet): void | Promise<void> {
    try {
      const { to } = packet.stanza;
      const host = this.hosts.get(to.domain);
      if (host === undefined) return this.#leave(packet);
      if (host.placement === "owner") {
        const owner = this.#bus.owner(to.bare.toString());
        if (owner !== this.#bus.self) return this.#bus.send(owner, channels.route, packet.stanza.element.toString());
      }
      const outcome = host.fire(arriving, packet);
      if (outcome === true) return;
      return outcome === false
        ? this.#caught(deliver(host, packet), packet)
        : this.#afterwards(outcome, packet, (next) => deliver(host, next));
    } catch (problem) {
      return this.bounce(packet, problem);
    }
  }

  /** A stanza from another server, addressed to one of our domains or to an alias of one. */
  accept(stanza: Stanza): void | Promise<void> {
    const as = stanza.to.domain;
    const to = this.#faces.canonical(stanza.to);
    const packet = { stanza: Stanza.of(stanza.kind, this.#faces.inward(stanza.element), stanza.from, to), as };
    try {
      const outcome = this.hosts.get(to.domain)?.fire(entering, packet) ?? false;
      if (outcome === true) return;
      return outcome === false ? this.route(packet) : this.#afterwards(outcome, packet, (next) => this.route(next));
    } catch (problem) {
      return this.bounce(packet, problem);
    }
  }

  #leave(packet: Packet): void | Promise<void> {
    const outcome = this.hosts.get(packet.stanza.from.domain)?.fire(leaving, packet) ?? false;
    if (outcome === true) return;
    const away = this.gateways.get(packet.stanza.to.domain) ?? this.remote;
    if (outcome === false) return this.#caught(away(packet), packet);
    return this.#afterwards(outcome, packet, away);
  }

  /** Turns what went wrong into the answer its sender gets: the one place where errors are made (RFC 6120 §8.3). */
  bounce(packet: Packet, problem: unknown): void | Promise<void> {
    const { stanza, origin } = packet;
    const error = this.#explain(problem, packet);
    this.#metrics.count("stanzas_refused", error.condition);
    this.#log.debug("stanza refused", {
      condition: error.condition,
      kind: stanza.kind,
      type: stanza.type,
      from: stanza.from.toString(),
      to: stanza.to.toString(),
    });
    if (stanza.type === "error" || (stanza.kind === "iq" && stanza.type === "result")) return; // §8.3.1: never answered
    return this.route({ stanza: stanza.error(error, origin?.lang) });
  }

  #explain(problem: unknown, packet: Packet): StanzaError {
    if (problem instanceof StanzaError) return problem;
    const { stanza } = packet;
    this.#log.error("stanza not handled", {
      cause: problem,
      kind: stanza.kind,
      type: stanza.type,
      from: stanza.from.toString(),
      to: stanza.to.toString(),
    });
    if (problem instanceof DatabaseError && problem.kind === "full")
      return new StanzaError("resource-constraint", diskFull);
    return new StanzaError("internal-server-error", ourFault, { type: "wait" });
  }

  #caught(outcome: void | Promise<void>, packet: Packet): void | Promise<void> {
    return outcome instanceof Promise ? outcome.catch((problem) => this.bounce(packet, problem)) : outcome;
  }

  async #afterwards(
    taken: Promise<boolean>,
    packet: Packet,
    next: (packet: Packet) => void | Promise<void>,
  ): Promise<void> {
    try {
      if (!(await taken)) await next(packet);
    } catch (problem) {
      await this.bounce(packet, problem);
    }
  }
}

const noFederation = {
  en: "This server does not exchange messages with other servers.",
  fr: "Ce serveur n'échange pas de messages avec d'autres serveurs.",
};
const diskFull = {
  en: "The server has no room left to keep this. Try again later.",
  fr: "Le serveur n'a plus de place pour conserver ceci. Réessayez plus tard.",
};
const ourFault = {
  en: "Something went wrong on the server; its operators have been told. Try again later.",
  fr: "Une erreur s'est produite sur le serveur ; ses exploitants en sont informés. Réessayez plus tard.",
};
