import type { Server } from "#core/host.ts";
import type { LocalHost } from "#core/local-host.ts";
import { background } from "#core/log.ts";
import { arriving, entering, leaving, type Packet } from "#core/packet.ts";
import { DirectoryError } from "#core/people.ts";
import { StanzaError } from "#stanza/error.ts";
import type { S2sSettings } from "./settings.ts";
import { directoryDown, personRefused } from "./texts.ts";

/** Keeps people whose groups may not talk to other servers from it, both ways. The function it returns undoes it. */
export function guard(server: Server, groups: S2sSettings["groups"]): () => void {
  const undo: (() => void)[] = [];
  if (groups.may.length + groups["may-not"].length === 0) return () => {};
  for (const host of server.router.hosts.values()) {
    if (host.where !== "accounts" || host.people === undefined) continue;
    const outsiders = new Outsiders(host, groups);
    undo.push(
      host.people.watch((change) => change.groups && outsiders.forget()),
      host.hooks.on(leaving, "check", (packet) => check(packet, outsiders.may(packet.stanza.from.local)), "s2s"),
      host.hooks.on(entering, "check", (packet) => check(packet, outsiders.may(packet.stanza.to.local)), "s2s"),
      host.hooks.on(
        arriving,
        "check",
        (packet) => {
          const { from, to } = packet.stanza; // addressed to a mail address before, maybe
          if (!server.router.hosts.has(from.domain)) return check(packet, outsiders.may(to.local));
        },
        "s2s",
      ),
    );
  }
  return () => {
    for (const one of undo) one();
  };
}

/** Errors and answers pass: nobody is told anything by them. */
function check({ stanza }: Packet, may: boolean | Promise<boolean>): void | Promise<void> {
  if (stanza.type === "error" || may === true) return;
  if (may instanceof Promise) return may.then((allowed) => check({ stanza }, allowed));
  throw new StanzaError(personRefused.condition, personRefused.words);
}

/** The members of the groups that matter; `may` undefined: everybody. */
interface Members {
  readonly may: ReadonlySet<string> | undefined;
  readonly mayNot: ReadonlySet<string>;
}

/** Who of a domain may talk to other servers. */
class Outsiders {
  readonly #host: LocalHost;
  readonly #groups: S2sSettings["groups"];
  #known: Members | undefined;
  #reading: Promise<void> | undefined;

  constructor(host: LocalHost, groups: S2sSettings["groups"]) {
    this.#host = host;
    this.#groups = groups;
    background(
      host.log,
      this.#refresh().catch(() => {}),
    ); // else it is read when it is needed
  }

  /** What was read is not to be relied on any more. */
  forget(): void {
    this.#known = undefined;
    this.#reading = undefined;
  }

  may(user: string): boolean | Promise<boolean> {
    if (user === "") return true; // the domain itself
    const known = this.#known;
    if (known === undefined) return this.#refresh().then(() => this.may(user));
    return !known.mayNot.has(user) && (known.may?.has(user) ?? true);
  }

  /** One reading for all who wait; what changed while it went on is read again. */
  #refresh(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    const reading: Promise<void> = this.#read()
      .then((known) => {
        if (this.#reading === reading) this.#known = known;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
    this.#reading = reading;
    return reading;
  }

  /** @throws StanzaError while the directory is down */
  async #read(): Promise<Members> {
    try {
      const groups = (await this.#host.people?.groups()) ?? [];
      const members = (names: readonly string[]) =>
        new Set(groups.filter(({ name }) => names.includes(name)).flatMap((group) => [...group.members]));
      const { may, "may-not": mayNot } = this.#groups;
      return { may: may.length === 0 ? undefined : members(may), mayNot: members(mayNot) };
    } catch (problem) {
      if (!(problem instanceof DirectoryError)) throw problem;
      throw new StanzaError(directoryDown.condition, directoryDown.words, { cause: problem });
    }
  }
}
