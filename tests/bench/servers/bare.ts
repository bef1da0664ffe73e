import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Target } from "../load/target.ts";

/** The bare relay in a process of its own. It ends with this one. */
export async function startRelay(): Promise<Target & { stop(): Promise<void> }> {
  const child = fork(join(import.meta.dirname, "relay.ts"), { execArgv: [] });
  const [ports] = (await once(child, "message")) as [{ readonly port: number; readonly tlsPort: number }];
  return {
    kind: "relay",
    pid: child.pid!,
    ...ports,
    domain: "bench.test",
    password: "",
    async stop() {
      const gone = once(child, "exit");
      child.disconnect();
      await gone;
    },
  };
}
