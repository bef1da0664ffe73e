import { leave, XmppServer } from "./load/login.ts";
import { residentMemory } from "./load/processor.ts";
import { startOurs } from "./servers/ours.ts";

/** An empty service: its memory, and the time from starting its process to the first login. */
export async function firstLogin(): Promise<string> {
  const ours = await startOurs();
  try {
    const resident = residentMemory(ours.pid) / 1024;
    const server = new XmppServer(ours, ours.domain, ours.password);
    const client = await server.login("u0", { tls: false, presence: true });
    const seconds = (performance.now() - ours.startedAt) / 1000;
    await leave(client);
    return `empty service: ${resident.toFixed(1)} MiB resident (budget 90); first login after ${seconds.toFixed(2)} s (budget 1)`;
  } finally {
    await ours.stop();
  }
}
