import { utimesSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "./fault.ts";

const MiB = 1024 ** 2;
const dayMs = 86_400_000;

export const machineFaults: readonly Fault[] = [
  {
    finds: "clock-behind",
    set: "a clock before the program was made",
    says: /but the program is of/,
    fix: "timedatectl set-ntp true",
    break: ({ system }) => {
      system.programDate = () => Date.now() + dayMs;
    },
  },
  {
    finds: "clock-behind",
    set: "a clock before the last message",
    says: /but the database is of/,
    fix: "timedatectl set-ntp true",
    break: ({ data }) => utimesSync(join(data, "parloir.sqlite"), new Date(), new Date(Date.now() + dayMs)),
  },
  {
    finds: "clock-ahead",
    set: "a clock of the far future",
    says: /years after this program/,
    fix: "timedatectl set-ntp true",
    break: ({ system }) => {
      system.programDate = () => Date.now() - 20 * 366 * dayMs;
    },
  },
  {
    finds: "clock-not-synchronised",
    set: "no time server",
    says: /not set by the network/,
    fix: "timedatectl set-ntp true",
    break: ({ system }) => {
      system.clockIsSynchronised = async () => false;
    },
  },
  {
    finds: "file-limit",
    set: "1024 files",
    says: /may have 1024 files open, but the configuration allows 40000/,
    fix: "ulimit -n 40100",
    break: ({ system }) => {
      system.openFiles = () => 1024;
    },
  },
  {
    finds: "memory-low",
    set: "60 MiB left",
    says: /Only 60 MiB/,
    fix: "free -m",
    break: ({ system }) => {
      system.availableMemory = () => 60 * MiB;
    },
  },
  {
    finds: "node-too-old",
    set: "Node 24.19",
    says: /Node 24\.19\.0; 24\.\d+ or newer/,
    fix: "npm ci",
    break: (laboratory) => {
      Object.assign(laboratory.system, { nodeVersion: "24.19.0" });
    },
  },
];
