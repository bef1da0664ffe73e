import { existsSync } from "node:fs";
import { readVersion } from "../../version.ts";
import type { Check, ServiceState } from "../check.ts";
import { found, type Kind } from "../finding.ts";

const kinds = {
  stopped: {
    id: "service-stopped",
    severity: "warning",
    says: {
      en: "The service is not running: nobody can connect.",
      fr: "Le service ne tourne pas : personne ne peut se connecter.",
    },
    fix: {
      en: "Start it. If it was running before, its log says why it ended.",
      fr: "Démarrez-le. S'il tournait avant, son journal dit pourquoi il s'est arrêté.",
    },
    commands: ["./parloir start{options}"],
  },
  stuck: {
    id: "service-stuck",
    severity: "error",
    says: {
      en: "A process has the data folder {folder}, but does not answer commands.",
      fr: "Un processus occupe le dossier de données {folder}, mais ne répond pas aux commandes.",
    },
    fix: {
      en: "It may be starting or stopping: try again in a minute. If it stays so, find the process, read its log, and end it.",
      fr: "Il est peut-être en train de démarrer ou de s'arrêter : réessayez dans une minute. Si cela dure, trouvez le processus, lisez son journal, et arrêtez-le.",
    },
    commands: ["fuser -v {folder}/instance.lock"],
  },
  forbidden: {
    id: "service-forbidden",
    severity: "error",
    says: {
      en: "The service belongs to {owner}; this user ({user}) may not ask it anything.",
      fr: "Le service appartient à {owner} ; cet utilisateur ({user}) n'a pas le droit de l'interroger.",
    },
    fix: { en: "Run this command as {owner}.", fr: "Lancez cette commande en tant que {owner}." },
    commands: ["sudo -u {owner} ./parloir doctor{options}"],
  },
  otherVersion: {
    id: "service-other-version",
    severity: "warning",
    says: {
      en: "The service that runs is version {running}, but {installed} is installed.",
      fr: "Le service qui tourne est la version {running}, mais la {installed} est installée.",
    },
    fix: { en: "Restart it to complete the upgrade.", fr: "Redémarrez-le pour terminer la mise à jour." },
    commands: ["sudo systemctl restart parloir"],
  },
} as const satisfies Record<string, Kind>;

/** The service: does it run, does it answer, is it the installed version? */
export const serviceCheck: Check = {
  name: "service",
  title: { en: "Service", fr: "Service" },
  kinds: Object.values(kinds),
  async run({ service, configuration: { data: folder }, options, system }) {
    const people = () => ({ user: system.nameOf(system.user), owner: system.nameOf(system.ownerOf(folder)) });
    switch (service.state) {
      case "stopped":
        return existsSync(folder) ? [found(kinds.stopped, { options })] : []; // else it was never started
      case "stuck":
        return [found(kinds.stuck, { folder })];
      case "forbidden":
        // Where even the folder is closed to this user, that is told of the folder.
        return system.mayUse(folder) ? [found(kinds.forbidden, { ...people(), options })] : [];
      case "running":
        return otherVersion(service);
    }
  },
};

function otherVersion({ status }: Extract<ServiceState, { state: "running" }>) {
  const installed = readVersion();
  return status.version === installed ? [] : [found(kinds.otherVersion, { running: status.version, installed })];
}
