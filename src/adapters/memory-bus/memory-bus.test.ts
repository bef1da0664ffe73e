import { busConformance } from "#core/bus.conformance.ts";
import { MemoryHub } from "./memory-bus.ts";

busConformance("memory", async () => {
  const hub = new MemoryHub();
  return {
    join: async (self) => hub.join(self),
    settle: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
  };
});
