import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installation } from "../../version.ts";
import type { Check, Context } from "../check.ts";
import { type Finding, found, type Kind } from "../finding.ts";

const MiB = 1024 ** 2;
/** What the service needs beside what connections take. */
const leastMemory = 128 * MiB;
/** Files open beside connections: database, log, directory, certificates. */
const otherFiles = 100;

const kinds = {
  files: {
    id: "file-limit",
    severity: "warning",
    says: {
      en: "The service may have {limit} files open, but the configuration allows {connections} connections in all: further ones would fail.",
      fr: "Le service peut avoir {limit} fichiers ouverts, mais la configuration permet {connections} connexions en tout : les suivantes échoueraient.",
    },
    fix: {
      en: "Raise the limit (with systemd: LimitNOFILE={needed} under [Service]), or lower limits.connections.",
      fr: "Relevez la limite (avec systemd : LimitNOFILE={needed} sous [Service]), ou baissez limits.connections.",
    },
    commands: ["sudo systemctl edit parloir", "ulimit -n {needed}"],
  },
  memory: {
    id: "memory-low",
    severity: "warning",
    says: {
      en: "Only {free} MiB of memory are left on this machine.",
      fr: "Il ne reste que {free} Mio de mémoire sur cette machine.",
    },
    fix: {
      en: "End what else runs there, or give the machine more memory: 512 MiB are enough for a thousand people.",
      fr: "Arrêtez ce qui tourne d'autre, ou donnez plus de mémoire à la machine : 512 Mio suffisent pour mille personnes.",
    },
    commands: ["free -m", "ps -eo rss,pid,args --sort=-rss | head"],
  },
  node: {
    id: "node-too-old",
    severity: "error",
    says: {
      en: "This is Node {version}; {needed} or newer is needed.",
      fr: "C'est Node {version} ; il faut au moins {needed}.",
    },
    fix: {
      en: "Install the packages again, which bring a Node of their own, or a newer Node.",
      fr: "Réinstallez les paquets, qui apportent leur propre Node, ou un Node plus récent.",
    },
    commands: ["npm ci --omit=dev"],
  },
} as const satisfies Record<string, Kind>;

/** The machine: files, memory, Node. */
export const machineCheck: Check = {
  name: "machine",
  title: { en: "Machine", fr: "Machine" },
  kinds: Object.values(kinds),
  async run(context) {
    const free = context.system.availableMemory();
    return [
      ...files(context),
      ...(free < leastMemory ? [found(kinds.memory, { free: Math.floor(free / MiB) })] : []),
      ...node(context),
    ];
  },
};

function files({ system, service, configuration: { limits, listen } }: Context): Finding[] {
  const limit = system.openFiles(service.state === "running" ? service.status.pid : process.pid);
  const most = { c2s: limits.connections, s2s: limits["server-connections"] };
  const connections = listen.reduce((sum, { protocol }) => sum + most[protocol], 0);
  const needed = connections + otherFiles;
  return limit === undefined || limit >= needed ? [] : [found(kinds.files, { limit, connections, needed })];
}

function node({ system: { nodeVersion: version } }: Context): Finding[] {
  const { engines } = JSON.parse(readFileSync(join(installation, "package.json"), "utf8")) as {
    readonly engines: { readonly node: string };
  };
  const needed = engines.node.replace(/^[^\d]+/, "");
  const [[major = 0, minor = 0], [leastMajor = 0, leastMinor = 0]] = [version, needed].map((text) =>
    text.split(".").map(Number),
  ) as [number[], number[]];
  const old = major < leastMajor || (major === leastMajor && minor < leastMinor);
  return old ? [found(kinds.node, { version, needed })] : [];
}
