import type { Client } from "../client.ts";
import type { ConnectOptions } from "../scenario.ts";

/** A server of a test with a process of its own, at an address of its own, which others find through the DNS. */
export interface Institution {
  /** "ours", "prosody" or "ejabberd". */
  readonly name: string;
  readonly domain: string;
  /** On loopback; servers connect to port 5269 there. */
  readonly address: string;
  /** What it has logged, for when something fails. */
  readonly log: string;
  /** A logged-in client of an account `login`, with initial presence unless told otherwise. */
  connect(login: string, options?: ConnectOptions): Promise<Client>;
  /** Starts it again where it was, with what it knew. */
  start(): Promise<void>;
  /** Asks it to stop, and waits. */
  stop(): Promise<void>;
  /** Kills it, as a crash would, and waits. */
  kill(): Promise<void>;
}

interface Place {
  readonly address: string;
  readonly port: number;
}

/** What a server is given. */
export interface Premises {
  readonly domain: string;
  readonly address: string;
  /** Where it may keep things. */
  readonly folder: string;
  /** PEM files: its certificate with the key, each alone, and the authorities that it trusts. */
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  readonly dns: Place;
  /** A DNS for who looks up service records there, but addresses elsewhere: the records name addresses. */
  readonly numbers: Place;
}
