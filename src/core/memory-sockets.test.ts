import { socketPair } from "./memory-sockets.ts";
import { socketsConform } from "./sockets.conformance.ts";

socketsConform("memory", { pair: async () => socketPair() });
