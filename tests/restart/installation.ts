import { setTimeout as sleep } from "node:timers/promises";
import { openSqlite } from "#adapters/sqlite/sqlite.ts";
import { type Assembly, assemble } from "#app/assemble.ts";
import type { Database } from "#core/database.ts";
import { silent } from "#core/log.ts";
import { Jid } from "#jid/jid.ts";
import type { Authenticator } from "#sasl/authenticator.ts";
import { memoryPair } from "#stream/memory.ts";
import { Client } from "#test/harness/client.ts";
import { talkative } from "#test/harness/log.ts";
import { authenticate, password } from "#test/harness/scenario.ts";
import { Wire } from "#test/harness/wire.ts";

export const sm = "xmlns='urn:xmpp:sm:3'";

/** Everybody has an account, with the password of scenarios. */
const everybody: Authenticator = {
  hashes: [],
  exists: () => true,
  verify: async (_user, given) => given === password,
};

/** A client that has enabled stream management. */
export interface Managed {
  readonly client: Client;
  /** Its session is resumed by this. */
  readonly id: string;
}

/** Our server in this process, on one database: it is stopped and started again, or left without a word. */
export class Installation {
  readonly #settings: ReadonlyMap<string, unknown>;
  readonly db: Database;
  readonly #past: Assembly[] = [];
  readonly #wires: Wire[] = [];
  #assembly: Assembly;

  private constructor(db: Database, settings: ReadonlyMap<string, unknown>, assembly: Assembly) {
    this.db = db;
    this.#settings = settings;
    this.#assembly = assembly;
  }

  static async open(settings: Readonly<Record<string, unknown>> = {}): Promise<Installation> {
    const db = await openSqlite({ file: ":memory:" });
    const sections = new Map(Object.entries(settings));
    return new Installation(db, sections, await start(db, sections));
  }

  get assembly(): Assembly {
    return this.#assembly;
  }

  /** Stops the server as an operator does, and starts it again. */
  async restart(between: () => Promise<void> = async () => {}): Promise<void> {
    await this.#assembly.stop();
    await between();
    this.#assembly = await start(this.db, this.#settings);
  }

  /** Another server goes on with what is on disk; the one before has not been asked to stop. */
  async crash(): Promise<void> {
    this.#past.push(this.#assembly);
    this.#assembly = await start(this.db, this.#settings);
  }

  /** Waits until a table has so many rows. */
  async holds(count: number, table: "muc_occupant" | "offline_message" | "sm_session" | "sm_stanza"): Promise<void> {
    const query = { text: [`select count(*) as count from ${table}`], values: [] };
    while ((await this.db.one<{ count: number }>(query))?.count !== count) await sleep(5);
  }

  async close(): Promise<void> {
    for (const wire of this.#wires) wire.transport.destroy();
    for (const assembly of [this.#assembly, ...this.#past]) await assembly.stop();
    await this.db.close();
  }

  /** Logs in, as far as binding. */
  async authenticated(jid: Jid): Promise<Wire> {
    const [near, far] = memoryPair({ secure: true });
    this.#assembly.accept("c2s", far);
    const wire = new Wire(near);
    this.#wires.push(wire);
    await authenticate(wire, jid);
    return wire;
  }

  /** A bound client; available, unless told otherwise. */
  async connect(text: string, presence: string | undefined = "<presence/>"): Promise<Client> {
    const jid = Jid.parse(text);
    const client = new Client(jid, await this.authenticated(jid));
    await client.exchange(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${jid.resource}</resource></bind></iq>`,
      "<iq type='result' id='bind'/>",
    );
    if (presence !== "") await client.becomesAvailable(presence);
    return client;
  }

  /** A client whose session can be resumed. */
  async connectManaged(text: string, presence?: string): Promise<Managed> {
    const client = await this.connect(text, presence);
    const enabled = await client.exchange(`<enable ${sm} resume='true'/>`, `<enabled ${sm} resume='true'/>`);
    return { client, id: enabled.attrs.id! };
  }

  /** The client asks to go on where its connection ended. */
  async resume({ client, id }: Managed, handled: number): Promise<Client> {
    const wire = await this.authenticated(client.jid);
    wire.writes(`<resume ${sm} previd='${id}' h='${handled}'/>`);
    return new Client(client.jid, wire);
  }
}

function start(db: Database, sections: ReadonlyMap<string, unknown>): Promise<Assembly> {
  return assemble({
    domains: [{ name: "example.com" }],
    sections,
    db,
    accounts: () => everybody,
    log: process.env.LOG ? talkative : silent,
    version: "0.0.0-test",
  });
}
