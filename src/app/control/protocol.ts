import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Refusal } from "../admin/command.ts";

/**
 * How commands reach a running service: a unix socket in the data folder, open to its owner only. One JSON line asks, one
 * JSON line answers, then the connection ends.
 */
export const request = z.strictObject({ command: z.string().max(100), arguments: z.unknown() });
export type Request = z.output<typeof request>;

export type Reply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: Refusal | "failed"; readonly message: string } };

/** Bytes of a request; a user name and a password fit many times. */
export const maxRequest = 65_536;
export const requestTimeoutMs = 10_000;

/** The longest path the kernel takes for a unix socket, less a margin. */
const maxPath = 100;

/** The socket of a data folder; `release` after it was used. A path too long for the kernel is shortened through /proc. */
export function socketPath(folder: string): { readonly path: string; release(): void } {
  const path = join(folder, "control.sock");
  if (Buffer.byteLength(path) <= maxPath) return { path, release: () => {} };
  const descriptor = openSync(folder, "r");
  return { path: `/proc/self/fd/${descriptor}/control.sock`, release: () => closeSync(descriptor) };
}
