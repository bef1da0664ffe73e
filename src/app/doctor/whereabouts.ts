import { isIPv6 } from "node:net";
import { isPrivate } from "./names.ts";

/** Whether addresses lead here. `unknown`: behind address translation nobody here can tell. */
export function whereIs(addresses: readonly string[], own: readonly string[]): "here" | "elsewhere" | "unknown" {
  if (addresses.some((address) => own.includes(address))) return "here";
  const open = own.filter((address) => !isPrivate(address));
  const judged = addresses.filter((address) => open.some((one) => isIPv6(one) === isIPv6(address)));
  return judged.length > 0 ? "elsewhere" : "unknown";
}
