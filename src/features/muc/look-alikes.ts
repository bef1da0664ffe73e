import { Recent } from "#collections/recent.ts";
import { DirectoryError, type Person } from "#core/people.ts";
import { unescapeLocal } from "#jid/escaping.ts";
import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import type { Presence } from "#stanza/stanza.ts";
import { nickKey } from "./names.ts";
import type { Occupant } from "./occupants.ts";
import { Rates } from "./rates.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";
import { latinWords, skeleton } from "./skeleton.ts";

/** What is known of a name, and for how long (milliseconds). */
const remembered = 2000;
const holdsFor = 60_000;
/** People that the directory is asked for at most, for one name. */
const mostPeople = 200;
/** Letters of a part of a name that is searched for. */
const shortest = 3;
const longest = 128;

/**
 * People of elsewhere may not pass for those of here: neither by the nickname nor by the name of a room, where the
 * settings say so. Accounts of the domain beside the service are those of here.
 */
export class LookAlikes {
  readonly #service: Pick<RoomService, "host" | "settings" | "rooms">;
  readonly #rates: Rates<string>;
  readonly #staff = new Recent<{ readonly taken: boolean; readonly at: number }>(remembered);
  readonly #skeletons = new WeakMap<Occupant, { readonly key: string; readonly skeleton: string }>();

  constructor(service: Pick<RoomService, "host" | "settings" | "rooms">) {
    this.#service = service;
    this.#rates = new Rates(service.settings["presence-rate"]);
  }

  /** Whether somebody is bound by this. */
  binds({ domain }: Jid): boolean {
    const { host, settings } = this.#service;
    return settings["look-alikes"] && host.parent !== undefined && domain !== host.parent.domain;
  }

  /**
   * Somebody of elsewhere enters, or changes the nickname: undefined where there is nothing to check.
   * @throws StanzaError `conflict`, or `not-allowed` for the name of a new room
   */
  checkPresence(stanza: Presence): Promise<void> | undefined {
    const { from, to, type } = stanza;
    if (type !== "" || to.isBare || !this.binds(from)) return undefined;
    const room = this.#service.rooms.get(to);
    if (room?.seat(from)?.occupant.key === nickKey(to.resource)) return undefined;
    // Each may be a question to the directory.
    if (!this.#rates.take(from.bare.toString())) throw new StanzaError("policy-violation", tooOften, { type: "wait" });
    return this.#check(stanza, room === undefined);
  }

  async #check({ from, to }: Presence, opens: boolean): Promise<void> {
    if (opens) await this.checkRoomName(unescapeLocal(to.local), from);
    await this.checkNick(to.resource, from);
    const room = this.#service.rooms.get(to);
    if (room !== undefined) this.#checkRoom(room, to.resource, from);
  }

  /** @throws StanzaError `conflict` */
  async checkNick(nick: string, by: Jid): Promise<void> {
    if (this.binds(by) && (await this.#isOfStaff(nick))) throw new StanzaError("conflict", staffNick);
  }

  /** @throws StanzaError `not-allowed` */
  async checkRoomName(name: string, by: Jid): Promise<void> {
    if (this.binds(by) && (await this.#isOfStaff(name))) throw new StanzaError("not-allowed", staffRoom);
  }

  /** Nobody in the room looks the same, nor is the name reserved for somebody. */
  #checkRoom(room: Room, nick: string, from: Jid): void {
    const wanted = skeleton(nick);
    if (wanted === "") return;
    for (const occupant of room.occupants.all()) {
      if (!occupant.account.equals(from.bare) && this.#skeletonOf(occupant) === wanted) {
        throw new StanzaError("conflict", sameLook);
      }
    }
    for (const { jid, nick: reserved } of room.affiliated.values()) {
      if (reserved !== "" && !jid.equals(from.bare) && skeleton(reserved) === wanted) {
        throw new StanzaError("conflict", sameLook);
      }
    }
  }

  #skeletonOf(occupant: Occupant): string {
    const known = this.#skeletons.get(occupant);
    if (known?.key === occupant.key) return known.skeleton;
    const made = { key: occupant.key, skeleton: skeleton(occupant.jid.resource) };
    this.#skeletons.set(occupant, made);
    return made.skeleton;
  }

  /** Whether a text looks like the login or the name of somebody of here. What cannot be found out counts as yes. */
  async #isOfStaff(text: string): Promise<boolean> {
    const name = text.slice(0, longest);
    const wanted = skeleton(name);
    if (wanted === "") return false;
    const known = this.#staff.get(name);
    const now = performance.now();
    if (known !== undefined && now - known.at < holdsFor) return known.taken;
    try {
      const taken = (await this.#isLogin(name)) || (await this.#isPerson(name, wanted));
      this.#staff.set(name, { taken, at: now });
      return taken;
    } catch (problem) {
      if (!(problem instanceof DirectoryError)) throw problem;
      throw new StanzaError("resource-constraint", notNow, { type: "wait", cause: problem });
    }
  }

  async #isLogin(name: string): Promise<boolean> {
    const { accounts } = this.#service.host.parent!;
    for (const login of loginsLike(name)) if (await accounts.exists(login)) return true;
    return false;
  }

  /** The directory finds people by parts of their names, without regard to case and accents: the look is compared here. */
  async #isPerson(name: string, wanted: string): Promise<boolean> {
    const { people } = this.#service.host.parent!;
    if (people === undefined) return false;
    for (const part of partsOf(name)) {
      const found = await people.search({ any: part }, mostPeople);
      if (found.people.some((person) => namesOf(person).some((one) => skeleton(one) === wanted))) return true;
    }
    return false;
  }
}

function namesOf({ user, displayName, givenName = "", familyName = "" }: Person): string[] {
  return [user, displayName, givenName + familyName, familyName + givenName];
}

/** Logins that a name looks like, with the letters that are hard to tell apart one way or the other. */
function loginsLike(name: string): ReadonlySet<string> {
  const words = latinWords(name);
  const logins = new Set<string>();
  for (const sign of ["", ".", "-", "_"]) {
    const joined = words.join(sign);
    logins.add(joined);
    for (const letter of ["i", "l", "1"]) logins.add(joined.replace(/[il1|]/g, letter));
    logins.add(joined.replaceAll("0", "o"));
    logins.add(joined.replaceAll("vv", "w"));
    logins.add(joined.replaceAll("rn", "m"));
    // One such letter in a word is the usual trick.
    for (const { index } of joined.matchAll(/[il1|]/g)) {
      for (const letter of ["i", "l", "1"]) logins.add(`${joined.slice(0, index)}${letter}${joined.slice(index + 1)}`);
      if (logins.size > 100) return logins;
    }
  }
  logins.delete("");
  return logins;
}

/** What to search for: the longest word, and the longest part without letters that are hard to tell apart. */
function partsOf(name: string): ReadonlySet<string> {
  const words = latinWords(name);
  const plain = words.flatMap((word) => word.split(/[il1|0ow]|rn?|v+|m/));
  return new Set([longestOf(words), longestOf(plain)].filter((part) => part.length >= shortest));
}

function longestOf(texts: readonly string[]): string {
  return texts.reduce((longer, text) => (text.length > longer.length ? text : longer), "");
}

const staffNick = {
  en: "This nickname looks like the name of somebody of the institution. Choose another one.",
  fr: "Ce pseudonyme ressemble au nom d'une personne de l'établissement. Choisissez-en un autre.",
};
const staffRoom = {
  en: "The name of this room looks like the name of somebody of the institution. Choose another one.",
  fr: "Le nom de ce salon ressemble à celui d'une personne de l'établissement. Choisissez-en un autre.",
};
const sameLook = {
  en: "This nickname looks like that of somebody else in the room. Choose another one.",
  fr: "Ce pseudonyme ressemble à celui d'une autre personne du salon. Choisissez-en un autre.",
};
const tooOften = {
  en: "You have tried too many names. Wait a moment.",
  fr: "Vous avez essayé trop de noms. Attendez un instant.",
};
const notNow = {
  en: "Names cannot be checked at the moment. Try again later.",
  fr: "Les noms ne peuvent pas être vérifiés pour le moment. Réessayez plus tard.",
};
