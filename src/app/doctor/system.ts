import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, networkInterfaces, userInfo } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { promisify } from "node:util";
import { installation } from "../version.ts";

/** This machine, as checks see it. */
export interface System {
  /** Milliseconds since 1970. */
  now(): number;
  /** When the program was made or installed: the clock cannot be before that. */
  programDate(): number;
  /** Whether the clock is set by the network; undefined where nobody knows. */
  clockIsSynchronised(): Promise<boolean | undefined>;
  /** Bytes that this user may still write in a folder's file system. */
  freeSpace(folder: string): number;
  /** Whether this user may read and write a folder; false also for what is none. */
  mayUse(folder: string): boolean;
  /** The number of the user that a file belongs to; this user's where it is not there (any more). */
  ownerOf(path: string): number;
  readonly user: number;
  nameOf(user: number): string;
  /** How many files a process may have open; undefined where that cannot be seen. */
  openFiles(pid: number): number | undefined;
  /** Bytes that programs can still get. */
  availableMemory(): number;
  /** "24.20.0" */
  readonly nodeVersion: string;
  readonly hostName: string;
  /** The addresses of this machine's interfaces, loopback included. */
  addresses(): readonly string[];
  /** The authorities that clients are expected to trust, PEM. */
  authorities(): readonly string[];
  /** Tries to listen: the code of the error, or undefined if it works. */
  tryListening(address: string, port: number): Promise<string | undefined>;
}

/** The machine that this process runs on. */
export function thisSystem(): System {
  return {
    now: Date.now,
    programDate: () => statSync(join(installation, "package.json")).mtimeMs,
    clockIsSynchronised,
    freeSpace(folder) {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    },
    mayUse,
    ownerOf: (path) => statSync(path, { throwIfNoEntry: false })?.uid ?? userInfo().uid,
    user: userInfo().uid,
    nameOf,
    openFiles,
    availableMemory: () => process.availableMemory(),
    nodeVersion: process.versions.node,
    hostName: hostname(),
    addresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    authorities: () => [...new Set([...getCACertificates("default"), ...getCACertificates("system")])],
    tryListening,
  };
}

async function clockIsSynchronised(): Promise<boolean | undefined> {
  try {
    const words = ["show", "--property=NTPSynchronized", "--value"];
    const { stdout } = await promisify(execFile)("timedatectl", words, { timeout: 5000 });
    return stdout.trim() === "" ? undefined : stdout.trim() === "yes";
  } catch {
    return undefined; // there is none, or it has nobody to ask, as in a container
  }
}

function mayUse(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

/** The name of a user; `#1000` where the machine's own list has none, which sudo takes too. */
function nameOf(user: number): string {
  const own = userInfo();
  if (own.uid === user) return own.username;
  const lines = readIfThere("/etc/passwd").split("\n");
  return lines.map((line) => line.split(":")).find(([, , id]) => id === String(user))?.[0] ?? `#${user}`;
}

function openFiles(pid: number): number | undefined {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readIfThere(`/proc/${pid}/limits`))?.[1];
  if (limit === undefined) return undefined;
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function tryListening(address: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host: address, port }, () => server.close(() => resolve(undefined)));
  return promise;
}
