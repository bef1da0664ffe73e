import type { Host } from "#core/host.ts";
import { DirectoryError, type Group } from "#core/people.ts";
import { Jid } from "#jid/jid.ts";

/** How long what the directory says of groups holds, and how long after a failure it is asked again. */
const holdsMs = 10 * 60_000;

/** What the files of an account may take: by the groups that it is in, where some have a quota of their own. */
export class Quotas {
  readonly #general: number;
  readonly #byGroup: ReadonlyMap<string, number>;
  readonly #readers = new Map<string, GroupReader>();

  constructor(general: number, byGroup: Readonly<Record<string, number>>) {
    this.#general = general;
    this.#byGroup = new Map(Object.entries(byGroup));
  }

  /** Lets the directory of a domain count. */
  add(host: Host): void {
    if (this.#byGroup.size > 0 && host.people !== undefined) this.#readers.set(host.domain, new GroupReader(host));
  }

  /** In bytes, for a bare address. */
  async of(account: string): Promise<number> {
    if (this.#readers.size === 0) return this.#general;
    const { local, domain } = Jid.parse(account);
    const groups = (await this.#readers.get(domain)?.read()) ?? [];
    const own = groups.filter(({ members }) => members.has(local)).map(({ name }) => this.#byGroup.get(name));
    const quotas = own.filter((quota) => quota !== undefined);
    return quotas.length === 0 ? this.#general : Math.max(...quotas);
  }
}

/** The groups of a directory, asked for now and then; while it does not answer, those of the last time. */
class GroupReader {
  readonly #host: Host;
  #groups: readonly Group[] = [];
  #until = 0;
  #reading: Promise<void> | undefined;

  constructor(host: Host) {
    this.#host = host;
    const change = host.people?.watch(({ groups }) => {
      if (groups) this.#until = 0;
    });
    if (change) host.stopping(change);
  }

  async read(): Promise<readonly Group[]> {
    if (performance.now() >= this.#until) {
      this.#reading ??= this.#ask().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#groups;
  }

  async #ask(): Promise<void> {
    this.#until = performance.now() + holdsMs;
    try {
      this.#groups = (await this.#host.people?.groups()) ?? [];
    } catch (problem) {
      if (!(problem instanceof DirectoryError)) throw problem;
      this.#host.log.warn("groups not read: quotas stay as they are", { cause: problem });
    }
  }
}
