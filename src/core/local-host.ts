import { randomUUID } from "node:crypto";
import { Jid } from "#jid/jid.ts";
import type { Authenticator } from "#sasl/authenticator.ts";
import { readError, StanzaError } from "#stanza/error.ts";
import { type Iq, isRequest, type Stanza } from "#stanza/stanza.ts";
import type { Tag } from "#xml/element.ts";
import type { Database } from "./database.ts";
import { SessionTable } from "./directory.ts";
import type { Feature } from "./feature.ts";
import { type Handler, type Hook, Hooks, type Phase } from "./hooks.ts";
import type { Advertised, At, Host, Identity, IqHandler, Server, ServiceAddress } from "./host.ts";
import type { Logger } from "./log.ts";
import type { StreamFeature } from "./negotiation.ts";
import type { Packet } from "./packet.ts";
import type { People } from "./people.ts";

export interface HostOptions {
  readonly domain: string;
  readonly where?: "accounts" | "service";
  readonly placement?: "local" | "owner";
  /** Of a service: the host that it stands beside. */
  readonly parent?: LocalHost;
  readonly server: Server;
  readonly db: Database;
  readonly accounts: Authenticator;
  readonly people?: People | undefined;
  readonly log: Logger;
}

interface Question {
  readonly to: Jid;
  readonly resolve: (iq: Iq) => void;
  readonly reject: (error: StanzaError) => void;
  readonly timer: NodeJS.Timeout;
}

interface Registered {
  readonly at: "host" | "account";
  readonly namespace: string;
}

/** A domain of this server: its handlers, what it advertises, the questions it waits on. */
export class LocalHost {
  readonly domain: string;
  readonly jid: Jid;
  readonly where: "accounts" | "service";
  readonly placement: "local" | "owner";
  readonly parent: LocalHost | undefined;
  readonly services: ServiceAddress[] = [];
  readonly sessions = new SessionTable();
  readonly server: Server;
  readonly db: Database;
  readonly accounts: Authenticator;
  readonly people: People | undefined;
  readonly log: Logger;
  readonly hooks = new Hooks();
  readonly #iqs = new Map<string, IqHandler>();
  readonly #offers: Registered[] = [];
  readonly #identities: { readonly at: "host" | "account"; readonly identity: Identity }[] = [];
  readonly #streamFeatures: StreamFeature[] = [];
  readonly #questions = new Map<string, Question>();
  readonly #finishing = new Set<Promise<unknown>>();
  readonly #apis = new Map<string, unknown>();
  readonly #undo = new Map<string, (() => void)[]>();

  constructor(options: HostOptions) {
    this.jid = Jid.parse(options.domain);
    this.domain = this.jid.domain;
    this.where = options.where ?? "accounts";
    this.placement = options.placement ?? "local";
    this.parent = options.parent;
    this.server = options.server;
    this.db = options.db;
    this.accounts = options.accounts;
    this.people = options.people;
    this.log = options.log;
  }

  fire<Event>(hook: Hook<Event>, event: Event): boolean | Promise<boolean> {
    return this.hooks.fire(hook, event);
  }

  /** Something that belongs to the end of a session and that a stop waits for. */
  finishing(work: unknown): void {
    if (!(work instanceof Promise)) return;
    const logged = work.catch((cause) => this.log.error("the end of a session failed", { cause }));
    const done = logged.finally(() => this.#finishing.delete(done));
    this.#finishing.add(done);
  }

  /** Settles when all sessions that have ended have done so to the end. */
  async finished(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
  }

  /** Sets a feature up with its own view of this host. */
  async start<Settings, Api>(feature: Feature<Settings, Api>, settings: Settings): Promise<void> {
    this.#undo.set(feature.name, []);
    this.#apis.set(feature.name, await feature.setup(this.view(feature.name), settings));
  }

  /** Undoes all that a feature registered. */
  stop(feature: string): void {
    for (const undo of this.#undo.get(feature) ?? []) undo();
    this.#undo.delete(feature);
    this.#apis.delete(feature);
  }

  /** Stops everything, last feature first; questions still open are given up. */
  close(): void {
    for (const feature of [...this.#undo.keys()].reverse()) this.stop(feature);
    for (const [id, question] of this.#questions)
      this.#settle(id, question).reject(new StanzaError("recipient-unavailable"));
  }

  /** Dispatches an IQ to the domain or to an account (RFC 6121 §8.5.1, §8.5.2.1.3). */
  answer(packet: Packet, iq: Iq): void | Promise<void> {
    if (!isRequest(iq)) return this.#receive(iq);
    const payload = iq.payload!;
    const handler = this.#handler(iq, `${iq.type} ${payload.ns} ${payload.name}`);
    if (handler === undefined) throw new StanzaError("service-unavailable");
    if (iq.to.isDomain || this.where === "service" || packet.origin?.jid.bare.equals(iq.to)) {
      return this.#run(handler, iq, packet);
    }
    return this.#ifExists(handler, iq, packet);
  }

  async #ifExists(handler: IqHandler, iq: Iq, packet: Packet): Promise<void> {
    if (!(await this.accounts.exists(iq.to.local))) throw new StanzaError("service-unavailable"); // RFC 6121 §8.5.1
    await this.#run(handler, iq, packet);
  }

  #run(handler: IqHandler, iq: Iq, packet: Packet): void | Promise<void> {
    const answer = handler(iq, iq.payload!, packet.origin);
    if (answer instanceof Promise) return answer.then((element) => this.#reply(iq, element, packet));
    return this.#reply(iq, answer, packet);
  }

  // biome-ignore lint/suspicious/noConfusingVoidType: as IqHandler
  #reply(iq: Iq, answer: import("#xml/element.ts").Element | undefined | void, packet: Packet): void | Promise<void> {
    const reply = answer ? iq.reply(answer) : iq.reply();
    if (packet.origin?.jid.equals(reply.to)) return packet.origin.send(reply);
    return this.server.router.route({ stanza: reply });
  }

  #handler(iq: Iq, key: string): IqHandler | undefined {
    if (iq.to.isDomain) return this.#iqs.get(`host ${key}`);
    const own = iq.from.bare.equals(iq.to) ? this.#iqs.get(`self ${key}`) : undefined;
    return own ?? this.#iqs.get(`account ${key}`);
  }

  #receive(iq: Iq): void {
    const question = iq.id === undefined ? undefined : this.#questions.get(iq.id);
    if (question === undefined || !question.to.equals(iq.from)) return; // RFC 6120 §8.1.3: only who was asked answers
    const { resolve, reject } = this.#settle(iq.id!, question);
    if (iq.type === "error") reject(readError(iq.element));
    else resolve(iq);
  }

  #settle(id: string, question: Question): Question {
    clearTimeout(question.timer);
    this.#questions.delete(id);
    return question;
  }

  #ask(iq: Iq, timeoutMs: number): Promise<Iq> {
    const id = randomUUID();
    const asked = iq.map((element) => element.with({ id }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(id, question).reject(new StanzaError("remote-server-timeout"));
      }, timeoutMs);
      const question: Question = { to: iq.to, resolve, reject, timer };
      this.#questions.set(id, question);
      void this.server.router.route({ stanza: asked });
    });
  }

  #add<Item>(owner: string, list: Item[], item: Item): void {
    list.push(item);
    this.#undoing(owner, () => {
      const at = list.indexOf(item);
      if (at >= 0) list.splice(at, 1);
    });
  }

  #undoing(owner: string, undo: () => void): void {
    this.#undo.get(owner)?.push(undo);
  }

  #iq(owner: string, type: "get" | "set", payload: Tag, at: At, run: IqHandler): void {
    const key = `${at} ${type} ${payload.ns} ${payload.name}`;
    if (this.#iqs.has(key)) throw new Error(`${owner}: ${key} has a handler already`);
    this.#iqs.set(key, run);
    this.#undoing(owner, () => this.#iqs.delete(key));
    this.#offer(owner, payload.ns, at);
  }

  #offer(owner: string, namespace: string, at: At): void {
    this.#add(owner, this.#offers, { at: at === "host" ? "host" : "account", namespace });
  }

  readonly advertised: Advertised = {
    namespaces: (at) => [...new Set(this.#offers.filter((one) => one.at === at).map((one) => one.namespace))],
    identities: (at) => this.#identities.filter((one) => one.at === at).map((one) => one.identity),
    streamFeatures: () => this.#streamFeatures,
  };

  /** The host as a feature sees it: what is registered through it is tagged with the feature's name. */
  view(owner: string): Host {
    const host = this;
    return {
      domain: this.domain,
      jid: this.jid,
      where: this.where,
      parent: this.parent?.view(owner),
      services: this.services,
      sessions: this.sessions,
      accounts: this.accounts,
      people: this.people,
      db: this.db,
      server: this.server,
      log: this.log.child({ feature: owner }),
      advertised: this.advertised,
      on<Event>(hook: Hook<Event>, phase: Phase, run: Handler<Event>) {
        host.#undoing(owner, host.hooks.on(hook, phase, run, owner));
      },
      has: (hook) => host.hooks.has(hook),
      fire: (hook, event) => host.hooks.fire(hook, event),
      iq(type, payload, at, run) {
        for (const place of typeof at === "string" ? [at] : at) host.#iq(owner, type, payload, place, run);
      },
      offer: (namespace, at = "host") => host.#offer(owner, namespace, at),
      identity: (identity, at = "host") => host.#add(owner, host.#identities, { at, identity }),
      stream: (feature) => host.#add(owner, host.#streamFeatures, feature),
      send: (stanza: Stanza) => void host.server.router.route({ stanza }),
      ask: (iq, options) => host.#ask(iq, options?.timeoutMs ?? 30_000),
      stopping: (end) => host.#undoing(owner, end),
      use<Settings, Api>(feature: Feature<Settings, Api>): Api {
        if (!host.#apis.has(feature.name)) throw new Error(`${owner} needs ${feature.name}, listed before it`);
        return host.#apis.get(feature.name) as Api;
      },
    };
  }
}
