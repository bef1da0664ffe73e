import { Dialer } from "../link.ts";
import { leave, XmppServer } from "../login.ts";
import type { Running } from "../measuring.ts";
import { joinRelay, type Target } from "../target.ts";

export interface LoginOptions {
  readonly users: number;
  /** Logins under way at a time. */
  readonly together: number;
  readonly tls: boolean;
}

/**
 * Users log in with SCRAM-SHA-1, get their contact list, become available, and leave, again and again. For the relay a
 * login is a connection, a greeting and an answer.
 */
export async function login(target: Target, options: LoginOptions): Promise<Running> {
  const once = target.kind === "server" ? loginOf(target, options) : joiningOf(target, options);
  return {
    async run(milliseconds) {
      const end = performance.now() + milliseconds;
      let done = 0;
      const work = async (first: number) => {
        // Nobody logs in twice at the same time, so users are dealt out.
        for (let user = first; performance.now() < end; user = (user + options.together) % options.users) {
          await once(`u${user}`);
          done++;
        }
      };
      await Promise.all(Array.from({ length: options.together }, (_, index) => work(index)));
      return done;
    },
    close: async () => {},
  };
}

function loginOf(target: Target, { tls }: LoginOptions): (user: string) => Promise<void> {
  const server = new XmppServer(target, target.domain, target.password);
  return async (user) => leave(await server.login(user, { tls, presence: true }));
}

function joiningOf(target: Target, { tls }: LoginOptions): (user: string) => Promise<void> {
  const dialer = new Dialer();
  return async (user) => (await joinRelay(dialer, target, { user, to: [user], element: "message" }, tls)).leave();
}
