import type { Host } from "#core/host.ts";
import { closed, opened } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";

/** The hash of an avatar, "" for none; or that it is being read. */
type Known = string | Promise<string>;

/** The hashes of the avatars of the accounts that have sessions here, in memory: presence asks for them each time. */
export class Avatars {
  readonly #known = new Map<string, Known>();
  readonly #read: (account: Jid) => Promise<string>;

  constructor(host: Host, read: (account: Jid) => Promise<string>) {
    this.#read = read;
    // Read before the first presence comes, so that it need not wait.
    host.on(opened, "amend", (session) => void this.hashOf(session.jid.bare));
    host.on(closed, "amend", (session) => {
      if (host.sessions.of(session.jid).length === 0) this.#known.delete(session.jid.bare.toString());
    });
  }

  hashOf(account: Jid): Known {
    const key = account.toString();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(account).then(
      (hash) => {
        if (this.#known.get(key) === reading) this.#known.set(key, hash);
        return hash;
      },
      () => {
        // Presence does without it, and the next one tries again.
        if (this.#known.get(key) === reading) this.#known.delete(key);
        return "";
      },
    );
    this.#known.set(key, reading);
    return reading;
  }

  /** It has changed, or may have: it is read again when it is asked for. */
  forget(account: string): void {
    this.#known.delete(account);
  }
}
