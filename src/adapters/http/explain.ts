import { isIPv6 } from "node:net";

interface Place {
  readonly address: string;
  readonly port: number;
}

/** The error of `listen` in words that tell the operator what to do. */
export function explain(error: NodeJS.ErrnoException, { address, port }: Place): Error {
  const place = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: "another program listens there already: stop it, or choose another port under http.listen",
    EACCES: "not allowed: choose a port above 1023, or let this program use lower ones",
    EADDRNOTAVAIL: "this machine does not have that address: choose one of its own, or 0.0.0.0 or ::",
    ENOTFOUND: "not an address: write an IPv4 or IPv6 address",
  };
  return new Error(`cannot listen on ${place}: ${advice[error.code ?? ""] ?? error.message}`, { cause: error });
}
