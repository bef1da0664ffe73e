import type { Jid } from "#jid/jid.ts";
import type { Authenticator } from "#sasl/authenticator.ts";
import type { Iq, Stanza } from "#stanza/stanza.ts";
import type { Text } from "#stanza/text.ts";
import type { Transport } from "#stream/transport.ts";
import type { Element, Tag } from "#xml/element.ts";
import type { Bus } from "./bus.ts";
import type { Database } from "./database.ts";
import type { Directory } from "./directory.ts";
import type { Faces } from "./faces.ts";
import type { Feature } from "./feature.ts";
import type { Handler, Hook, Phase } from "./hooks.ts";
import type { Http } from "./http.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { StreamFeature } from "./negotiation.ts";
import type { Network } from "./network.ts";
import type { People } from "./people.ts";
import type { Router } from "./router.ts";
import type { LocalSession } from "./session.ts";
import type { Sockets } from "./sockets.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: a handler with an empty result returns nothing
export type Answer = Element | undefined | void;
export type IqHandler = (iq: Iq, payload: Element, origin?: LocalSession) => Answer | Promise<Answer>;
/** Whom a request is for: the domain; somebody's account; one's own account. */
export type At = "host" | "account" | "self";

/** A service beside a domain: where it is, and its name for people. */
export interface ServiceAddress {
  readonly jid: Jid;
  readonly name: Text;
}

/** A line of service discovery (XEP-0030 §3.1); the name is for people. */
export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string | Text;
}

/** A domain of this server, as a feature sees it. What is registered through it is undone when the feature stops. */
export interface Host {
  readonly domain: string;
  readonly jid: Jid;
  readonly where: "accounts" | "service";
  /** Of a service: the host with accounts that it stands beside. */
  readonly parent: Host | undefined;
  /** Of a host with accounts: its services. */
  readonly services: readonly ServiceAddress[];
  readonly sessions: Directory;
  readonly accounts: Authenticator;
  /** The institution's directory, where there is one. */
  readonly people: People | undefined;
  readonly db: Database;
  readonly server: Server;
  readonly log: Logger;
  on<Event>(hook: Hook<Event>, phase: Phase, run: Handler<Event>): void;
  /** Whether anybody listens. */
  has<Event>(hook: Hook<Event>): boolean;
  fire<Event>(hook: Hook<Event>, event: Event): boolean | Promise<boolean>;
  /** Answers an IQ: what it returns is the result, what it throws is the error. Advertises the namespace (XEP-0030). */
  iq(type: "get" | "set", payload: Tag, at: At | readonly At[], run: IqHandler): void;
  /** Advertises a namespace that needs no IQ. */
  offer(namespace: string, at?: At): void;
  /** Adds an identity to what the domain, or its accounts, say of themselves. */
  identity(identity: Identity, at?: "host" | "account"): void;
  /** Adds something that is agreed on while a client's stream is set up, or spoken beside its stanzas. */
  stream(feature: StreamFeature): void;
  /** Routes a stanza made here. */
  send(stanza: Stanza): void;
  /** Sends a request and waits for its reply; @throws StanzaError the error that came back, or `remote-server-timeout`. */
  ask(iq: Iq, options?: { readonly timeoutMs?: number }): Promise<Iq>;
  /** Ends something of the feature's own when the feature stops: a timer, a listener elsewhere. */
  stopping(end: () => void): void;
  /** What another feature gave back from its setup; throws at start if it is missing or listed later. */
  use<Settings, Api>(feature: Feature<Settings, Api>): Api;
  /** What is advertised at the domain or at an account, for service discovery and stream features. */
  readonly advertised: Advertised;
}

export interface Advertised {
  namespaces(at: "host" | "account"): readonly string[];
  identities(at: "host" | "account"): readonly Identity[];
  streamFeatures(): readonly StreamFeature[];
}

/** What is there once, whatever the hosts. */
export interface Server {
  readonly router: Router;
  readonly bus: Bus;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly faces: Faces;
  /** How other servers are reached; undefined where the server is to stand alone. */
  readonly network: Network | undefined;
  /** Where connections that are no XML streams come from; undefined where there are none. */
  readonly sockets: Sockets | undefined;
  /** The door for HTTP, whether or not anything listens. */
  readonly http: Http;
  /** Where features may keep files, each in a folder of its own name; made by who writes first. */
  readonly folder: string;
  readonly version: string;
  readonly startedAt: Date;
  /** 32 secret bytes for a purpose: the same on each node and after a restart, different for each purpose. */
  secret(purpose: string): Uint8Array;
  /** What the hosts have in common under a name: made by the first who asks. */
  once<Thing>(name: string, make: () => Thing): Thing;
  /** Takes the transports that come in at a door: "c2s" is every listener for clients, over whatever transport. */
  listen(door: string, accept: (transport: Transport) => void): void;
}
