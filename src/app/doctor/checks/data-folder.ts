import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Check, Context } from "../check.ts";
import { type Finding, found, type Kind } from "../finding.ts";

const MiB = 1024 ** 2;
const leastSpace = 100 * MiB;
const fairSpace = 1024 * MiB;

const kinds = {
  missing: {
    id: "data-folder-missing",
    severity: "hint",
    says: {
      en: "There is no data folder {folder} yet: the service was never started with this configuration.",
      fr: "Le dossier de données {folder} n'existe pas encore : le service n'a jamais été démarré avec cette configuration.",
    },
    fix: {
      en: "Start the service: it makes the folder. If there should be one already, correct `data` in the configuration.",
      fr: "Démarrez le service : il crée le dossier. S'il devrait déjà exister, corrigez `data` dans la configuration.",
    },
    commands: ["./parloir start{options}"],
  },
  impossible: {
    id: "data-folder-impossible",
    severity: "error",
    says: {
      en: "The data folder {folder} cannot be made: this user may not write in {parent}, or it is no folder.",
      fr: "Le dossier de données {folder} ne peut pas être créé : cet utilisateur n'a pas le droit d'écrire dans {parent}, ou ce n'est pas un dossier.",
    },
    fix: {
      en: "Make it for the user that runs the service, or choose another place by `data` in the configuration.",
      fr: "Créez-le pour le compte qui fait tourner le service, ou choisissez un autre endroit par `data` dans la configuration.",
    },
    commands: ["sudo install -d -m 700 -o {user} {folder}"],
  },
  noFolder: {
    id: "data-folder-is-a-file",
    severity: "error",
    says: {
      en: "{folder}, which `data` in the configuration names, is a file and not a folder.",
      fr: "{folder}, désigné par `data` dans la configuration, est un fichier et non un dossier.",
    },
    fix: {
      en: "Move the file away, or correct `data` in the configuration.",
      fr: "Déplacez ce fichier, ou corrigez `data` dans la configuration.",
    },
    commands: ["ls -ld {folder}"],
  },
  forbidden: {
    id: "data-folder-forbidden",
    severity: "error",
    says: {
      en: "The user {user} may not read and write the data folder {folder}, which belongs to {owner}.",
      fr: "L'utilisateur {user} n'a pas le droit de lire et d'écrire dans le dossier de données {folder}, qui appartient à {owner}.",
    },
    fix: {
      en: "Run the service and its commands as {owner}. Only if the service is meant to run as {user}, give the folder to that user (chown -R).",
      fr: "Lancez le service et ses commandes en tant que {owner}. Seulement si le service doit tourner en tant que {user}, donnez-lui le dossier (chown -R).",
    },
    commands: ["sudo -u {owner} ./parloir doctor{options}"],
  },
  otherUser: {
    id: "data-folder-other-user",
    severity: "warning",
    says: {
      en: "This command runs as {user}, but the data folder {folder} belongs to {owner}: the database was not looked at, since that could leave files which {owner} may not write.",
      fr: "Cette commande est lancée en tant que {user}, mais le dossier de données {folder} appartient à {owner} : la base n'a pas été examinée, car il pourrait en rester des fichiers que {owner} ne peut pas écrire.",
    },
    fix: {
      en: "Run the service and its commands as {owner}.",
      fr: "Lancez le service et ses commandes en tant que {owner}.",
    },
    commands: ["sudo -u {owner} ./parloir doctor{options}"],
  },
  strayOwner: {
    id: "data-folder-mixed-owners",
    severity: "error",
    says: {
      en: "In the data folder of {owner}, {file} belongs to {other}: usually a command was once run as the wrong user. The service may not be able to write it.",
      fr: "Dans le dossier de données de {owner}, {file} appartient à {other} : en général, une commande a été lancée une fois avec le mauvais compte. Le service risque de ne pas pouvoir y écrire.",
    },
    fix: {
      en: "Give everything in the folder to {owner}.",
      fr: "Donnez tout le contenu du dossier à {owner}.",
    },
    commands: ["sudo chown -R {owner} {folder}"],
  },
  open: {
    id: "data-folder-open",
    severity: "warning",
    says: {
      en: "Other users of this machine may look into the data folder {folder} (mode {mode}): messages and password keys are there.",
      fr: "D'autres utilisateurs de cette machine peuvent accéder au dossier de données {folder} (mode {mode}) : il contient des messages et des clés de mots de passe.",
    },
    fix: { en: "Close it for everybody but its owner.", fr: "Fermez-le à tous sauf à son propriétaire." },
    commands: ["chmod 700 {folder}"],
  },
  full: {
    id: "disk-full",
    severity: "error",
    says: {
      en: "Only {free} MiB are free where the data folder {folder} is: messages will soon be refused.",
      fr: "Il ne reste que {free} Mio là où se trouve le dossier de données {folder} : les messages seront bientôt refusés.",
    },
    fix: {
      en: "Make room, or move the data folder to a larger disk while the service is stopped.",
      fr: "Libérez de la place, ou déplacez le dossier de données sur un disque plus grand, service arrêté.",
    },
    commands: ["df -h {folder}", "du -xh --max-depth=1 {folder}"],
  },
  scarce: {
    id: "disk-low",
    severity: "warning",
    says: {
      en: "Only {free} MiB are free where the data folder {folder} is.",
      fr: "Il ne reste que {free} Mio là où se trouve le dossier de données {folder}.",
    },
    fix: {
      en: "Make room before it is less than 100 MiB.",
      fr: "Libérez de la place avant qu'il reste moins de 100 Mio.",
    },
    commands: ["df -h {folder}", "du -xh --max-depth=1 {folder}"],
  },
} as const satisfies Record<string, Kind>;

/** The folder where everything is kept: is it there, ours, closed to others, with room? */
export const dataFolderCheck: Check = {
  name: "data-folder",
  title: { en: "Data folder", fr: "Dossier de données" },
  kinds: Object.values(kinds),
  async run(context) {
    const { configuration, options, system } = context;
    const folder = configuration.data;
    const user = system.nameOf(system.user);
    const status = statSync(folder, { throwIfNoEntry: false });
    if (status === undefined) {
      const parent = nearestFolder(folder);
      return [
        system.mayUse(parent)
          ? found(kinds.missing, { folder, options })
          : found(kinds.impossible, { folder, parent, user }),
        ...space(context, parent),
      ];
    }
    if (!status.isDirectory()) return [found(kinds.noFolder, { folder })];
    return [...owners(context, folder), ...mode(folder, status.mode), ...space(context, folder)];
  },
};

/** Whether the files in the data folder may be opened by this user without leaving traces. */
export function isOwn({ configuration: { data }, system }: Context): boolean {
  return existsSync(data) && system.ownerOf(data) === system.user && system.mayUse(data);
}

function owners({ system, options }: Context, folder: string): Finding[] {
  const number = system.ownerOf(folder);
  const owner = system.nameOf(number);
  const user = system.nameOf(system.user);
  if (!system.mayUse(folder)) return [found(kinds.forbidden, { folder, owner, user, options })];
  const stray = readdirSync(folder).find((file) => system.ownerOf(join(folder, file)) !== number);
  return [
    ...(system.user === number ? [] : [found(kinds.otherUser, { folder, owner, user, options })]),
    ...(stray === undefined
      ? []
      : [
          found(kinds.strayOwner, {
            folder,
            owner,
            file: stray,
            other: system.nameOf(system.ownerOf(join(folder, stray))),
          }),
        ]),
  ];
}

function mode(folder: string, bits: number): Finding[] {
  return (bits & 0o077) === 0 ? [] : [found(kinds.open, { folder, mode: (bits & 0o777).toString(8) })];
}

function space({ system }: Context, folder: string): Finding[] {
  const bytes = system.freeSpace(folder);
  const free = Math.floor(bytes / MiB);
  if (bytes < leastSpace) return [found(kinds.full, { folder, free })];
  return bytes < fairSpace ? [found(kinds.scarce, { folder, free })] : [];
}

function nearestFolder(folder: string): string {
  const parent = dirname(folder);
  return existsSync(parent) || parent === folder ? parent : nearestFolder(parent);
}
