import { randomUUID } from "node:crypto";
import type { Server } from "#core/host.ts";
import type { Jid } from "#jid/jid.ts";
import { readError, StanzaError } from "#stanza/error.ts";
import { type Iq, iq as iqTag, Stanza } from "#stanza/stanza.ts";
import type { Element } from "#xml/element.ts";

interface Question {
  readonly from: Jid;
  readonly to: Jid;
  readonly resolve: (answer: Element | undefined) => void;
  readonly reject: (problem: StanzaError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Most questions that are open at a time, in all and to the clients of one account; there are fewer files on their way. */
const most = 10_000;
const mostEach = 100;

/** Requests in the name of clients, which must not see the answers: they know nothing of the questions. */
export class Questions {
  readonly #server: Server;
  readonly #open = new Map<string, Question>();
  /** How many, by the account that is asked. */
  readonly #each = new Map<string, number>();

  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Asks a client, and waits: never do so while a stanza of that client is being handled.
   * @throws StanzaError the error that came back, `remote-server-timeout`, or `resource-constraint`: too many are open
   */
  ask(from: Jid, to: Jid, payload: Element, patienceMs: number): Promise<Element | undefined> {
    const account = to.bare.toString();
    const others = this.#each.get(account) ?? 0;
    if (this.#open.size >= most || others >= mostEach) return Promise.reject(new StanzaError("resource-constraint"));
    const id = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Element | undefined>();
    const timer = setTimeout(() => {
      this.#forget(id);
      reject(new StanzaError("remote-server-timeout"));
    }, patienceMs).unref();
    this.#open.set(id, { from, to, resolve, reject, timer });
    this.#each.set(account, others + 1);
    void this.#server.router.route({ stanza: Stanza.of("iq", iqTag({ type: "set", id }, payload), from, to) });
    return promise;
  }

  /** Whether it answers one of them: only who was asked does. */
  answered(answer: Iq): boolean {
    const { id = "", from, to } = answer;
    const question = this.#open.get(id);
    if (question === undefined || !question.to.equals(from) || !question.from.equals(to)) return false;
    this.#forget(id);
    if (answer.type === "error") question.reject(readError(answer.element));
    else question.resolve(answer.payload);
    return true;
  }

  /** Nothing is waited for any more. */
  close(): void {
    for (const [id, { reject }] of this.#open) {
      this.#forget(id);
      reject(new StanzaError("recipient-unavailable"));
    }
  }

  #forget(id: string): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    clearTimeout(question.timer);
    this.#open.delete(id);
    const account = question.to.bare.toString();
    const left = (this.#each.get(account) ?? 1) - 1;
    if (left > 0) this.#each.set(account, left);
    else this.#each.delete(account);
  }
}
