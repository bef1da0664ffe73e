import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { compileClient, PurpleClient, type PurpleOptions } from "./client.ts";

/** What a test works with: clients of accounts of its own, ended with it. */
export interface PurpleStage {
  /** The bare address that somebody has in this test. */
  address(who: string): string;
  /** Makes that account, for another client than libpurple. */
  account(who: string): Promise<string>;
  /** A client that logs in; the resource is the `address` of the options. */
  dial(who: string, options?: Partial<PurpleOptions>): Promise<PurpleClient>;
  online(who: string, resource?: string): Promise<PurpleClient>;
}

/** One service and one program for all tests of a file. */
export class PurpleSuite {
  /** Goes with the suite. */
  readonly folder = mkdtempSync(join(tmpdir(), "purple-suite-"));
  readonly #accounts = new Set<string>();
  #program = "";
  #service: RunningService | undefined;
  #count = 0;

  constructor() {
    before(async () => {
      this.#program = compileClient(this.folder);
      this.#service = await startService({ settings: { accounts: { iterations: 4096 } } });
    });
    after(async () => {
      await this.#service?.stop();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** The compiled client. */
  get program(): string {
    return this.#program;
  }

  /** There while the tests run. */
  get service(): RunningService {
    return this.#service!;
  }

  stage(context: TestContext): PurpleStage {
    const number = ++this.#count;
    const clients: PurpleClient[] = [];
    context.after(() => Promise.all(clients.map((client) => client.stop())));
    const address = (who: string) => `${who}${number}@example.com`;
    const account = async (who: string) => {
      await this.#made(address(who));
      return address(who);
    };
    const dial = async (who: string, options: Partial<PurpleOptions> = {}) => {
      const resource = options.address ?? "pidgin";
      await account(who);
      const { service } = this;
      const client = new PurpleClient(this.#program, { service, ...options, address: `${address(who)}/${resource}` });
      clients.push(client);
      return client;
    };
    const online = async (who: string, resource = "pidgin") => (await dial(who, { address: resource })).signedOn();
    return { address, account, dial, online };
  }

  async #made(account: string): Promise<void> {
    if (this.#accounts.has(account)) return;
    this.#accounts.add(account);
    await this.service.addUser(account, "pencil");
  }
}
