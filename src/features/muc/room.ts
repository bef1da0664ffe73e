import { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { type Affiliation, atLeast, type Role, type Standing, stronger } from "./affiliations.ts";
import type { Config } from "./configuration.ts";
import { RoomHats } from "./hats.ts";
import { History } from "./history.ts";
import { nameOf, nickKey } from "./names.ts";
import { type Occupant, Occupants, type Seat } from "./occupants.ts";
import { AffiliationVersions } from "./versions.ts";

/** What a room keeps about somebody who is more to it than a visitor. */
export interface Affiliated {
  /** A bare JID; of the banned also a domain. */
  readonly jid: Jid;
  readonly affiliation: Exclude<Affiliation, "none">;
  /** The nickname reserved for them; "" for none. */
  readonly nick: string;
  readonly reason: string;
}

/** What the room is about at the moment (XEP-0045 §7.2.15). */
export interface Subject {
  /** The message that set it, with the stamp of its moment. */
  readonly element: Element;
  readonly from: Jid;
  readonly text: string;
}

const nobody: ReadonlyMap<string, Affiliated> = new Map();

/** A room: its state and the rules that need nothing else. */
export class Room {
  /** Its address. */
  readonly jid: Jid;
  /** The lowest id in the archive that is its own: what is older was said in another room of this address. */
  readonly archiveFrom: number;
  config: Config;
  readonly #affiliated = new Map<string, Affiliated>();
  #granted: ReadonlyMap<string, Affiliated> = nobody;
  /** Of all who are something to the room. */
  readonly versions: AffiliationVersions;
  readonly occupants = new Occupants();
  readonly history = new History();
  readonly hats = new RoomHats();
  subject: Subject | undefined;
  /** Groups of the directory that are something to the room: what the directory calls them. */
  groups: readonly string[] = [];
  /** The hash of its picture (XEP-0486); "" where there is none. */
  avatar = "";
  /** Since when only its creator may be there, in milliseconds of the epoch (§10.1.1); undefined once it is open. */
  lockedSince: number | undefined;
  /** Since when nobody is there. */
  emptySince: number | undefined = Date.now();
  /** From the configuration of the service: nobody can destroy it. */
  readonly permanent: boolean;
  destroyed = false;
  readonly #admins: ReadonlySet<string>;
  /** To make them takes a while, and a room may have many; most have none. */
  #nickKeys: WeakMap<Affiliated, string> | undefined;
  #changes: Promise<unknown> = Promise.resolve();

  /** @param admins bare JIDs of those who are owners of every room */
  constructor(
    jid: Jid,
    config: Config,
    options: {
      readonly admins: ReadonlySet<string>;
      readonly permanent: boolean;
      readonly archiveFrom: number;
      readonly versionKey?: Uint8Array;
    },
  ) {
    this.jid = jid;
    this.versions = new AffiliationVersions(() => this.#everybody(), options.versionKey);
    this.config = config;
    this.#admins = options.admins;
    this.permanent = options.permanent;
    this.archiveFrom = options.archiveFrom;
  }

  /** What people call it. */
  get name(): string {
    return this.config.name === "" ? nameOf(this.jid) : this.config.name;
  }

  get locked(): boolean {
    return this.lockedSince !== undefined;
  }

  /** What somebody is to the room. A ban of a domain holds for all of it who have no affiliation of their own (§9.2). */
  affiliationOf(jid: Jid): Affiliation {
    const bare = jid.bare.toString();
    if (this.#admins.has(bare)) return "owner";
    const own = this.kept(bare);
    if (own !== "none") return own;
    return this.#affiliated.get(jid.domain)?.affiliation === "outcast" ? "outcast" : "none";
  }

  /** What somebody has been made, by the room's owners or by the directory. */
  kept(bare: string): Affiliation {
    return this.keptIf(bare, this.#affiliated.get(bare)?.affiliation ?? "none");
  }

  /** What somebody would be whom the room's owners make this: the directory's word may be stronger. */
  keptIf(bare: string, affiliation: Affiliation): Affiliation {
    return stronger(affiliation, this.#granted.get(bare)?.affiliation);
  }

  /** Those who have been made something by the room's owners; by bare JID. */
  get affiliated(): ReadonlyMap<string, Affiliated> {
    return this.#affiliated;
  }

  /** Those who are something to the room by the directory; by bare JID. */
  get granted(): ReadonlyMap<string, Affiliated> {
    return this.#granted;
  }

  affiliate(one: Affiliated): void {
    const key = one.jid.toString();
    const before = this.kept(key);
    this.#affiliated.set(key, one);
    this.versions.note(key, before, this.kept(key));
  }

  /** @param key a bare JID, or a domain */
  disaffiliate(key: string): void {
    const before = this.kept(key);
    this.#affiliated.delete(key);
    this.versions.note(key, before, this.kept(key));
  }

  /** The directory's word, in the place of what it was; gives those who are something else now, as they were. */
  grant(people: ReadonlyMap<string, Affiliated>): { readonly jid: Jid; readonly before: Affiliation }[] {
    const keys = new Map([...this.#granted, ...people]);
    const before = [...keys].map(([key, { jid }]) => ({ key, jid, before: this.kept(key) }));
    // One after the other, so that each version follows from the one before.
    const now = new Map(this.#granted);
    this.#granted = now;
    for (const one of before) {
      const next = people.get(one.key);
      if (next === undefined) now.delete(one.key);
      else now.set(one.key, next);
      this.versions.note(one.key, one.before, this.kept(one.key));
    }
    return before.filter((one) => one.before !== this.kept(one.key));
  }

  *#everybody(): Iterable<readonly [string, Affiliation]> {
    for (const key of this.#affiliated.keys()) yield [key, this.kept(key)];
    for (const key of this.#granted.keys()) if (!this.#affiliated.has(key)) yield [key, this.kept(key)];
  }

  /** Somebody as the rules see them: with the strongest role of their visits. */
  standingOf(jid: Jid): Standing {
    const affiliation = this.affiliationOf(jid);
    const seat = this.occupants.seat(jid);
    if (seat !== undefined) return { affiliation, role: seat.occupant.role };
    const role: Role = this.occupants.of(jid.bare).some((one) => one.role === "moderator") ? "moderator" : "none";
    return { affiliation, role };
  }

  /** All of one affiliation, by whomever they have been made so. */
  listOf(affiliation: Affiliation): Affiliated[] {
    return [...this.#everybody()]
      .filter(([, kept]) => kept === affiliation)
      .map(([key]) => {
        const own = this.#affiliated.get(key);
        return own?.affiliation === affiliation ? own : { ...this.#granted.get(key)!, nick: own?.nick ?? "" };
      });
  }

  /** Those whom the room's owners have made so. */
  namedOf(affiliation: Affiliation): Affiliated[] {
    return [...this.#affiliated.values()].filter((one) => one.affiliation === affiliation);
  }

  /** Who has reserved a nickname, by its key. */
  reservedBy(key: string): Affiliated | undefined {
    for (const one of this.#affiliated.values()) if (one.nick !== "" && this.#keyOf(one) === key) return one;
    return undefined;
  }

  #keyOf(one: Affiliated): string {
    this.#nickKeys ??= new WeakMap();
    const known = this.#nickKeys.get(one);
    if (known !== undefined) return known;
    const key = nickKey(one.nick);
    this.#nickKeys.set(one, key);
    return key;
  }

  /** Whether an occupant's presence is told to the others (`muc#roomconfig_presencebroadcast`). */
  shows(role: Role): boolean {
    return role === "none" || this.config.broadcast.includes(role);
  }

  /** Whether an occupant sees the real addresses of others (§7.2.3, §7.2.4). */
  identifies(occupant: Occupant): boolean {
    return this.config.whois === "anyone" || occupant.role === "moderator";
  }

  /** Whether a client's seat, or anybody of its account, is in the room. */
  has(jid: Jid): boolean {
    return this.occupants.seat(jid) !== undefined;
  }

  seat(jid: Jid): Seat | undefined {
    return this.occupants.seat(jid);
  }

  /** Whether somebody may know that the room is there although it is hidden or for members only. */
  isKnownTo(jid: Jid): boolean {
    return (this.config.public && !this.config.members) || atLeast(this.affiliationOf(jid), "member") || this.has(jid);
  }

  occupantJid(nick: string): Jid {
    return Jid.of(this.jid.local, this.jid.domain, nick);
  }

  /** Makes changes that wait for the disk one after the other. */
  change<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(work);
    this.#changes = result.catch(() => {}); // whoever asked for it is told
    return result;
  }
}
