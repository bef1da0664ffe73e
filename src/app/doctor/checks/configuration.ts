import type { SettingsError } from "#core/settings.ts";
import type { Text } from "#stanza/text.ts";
import type { Check } from "../check.ts";
import { type Finding, found, type Kind } from "../finding.ts";
import { isLocalName } from "../names.ts";

const kinds = {
  file: {
    id: "configuration-file",
    severity: "error",
    says: {
      en: "The configuration file {file} cannot be read: {reason}.",
      fr: "Le fichier de configuration {file} ne peut pas être lu : {reason}.",
    },
    fix: {
      en: "Give the right file after --config, and let the user that runs the service read it.",
      fr: "Indiquez le bon fichier après --config, et donnez le droit de lecture au compte qui fait tourner le service.",
    },
    commands: ["ls -l {file}"],
  },
  syntax: {
    id: "configuration-syntax",
    severity: "error",
    says: {
      en: "The configuration file is not valid YAML: {reason}",
      fr: "Le fichier de configuration n'est pas du YAML valide : {reason}",
    },
    fix: {
      en: "Correct that place. Usual causes: tabs instead of spaces, a colon without a space after it, a quote that is not closed.",
      fr: "Corrigez cet endroit. Causes habituelles : des tabulations au lieu d'espaces, un deux-points sans espace après, un guillemet qui n'est pas fermé.",
    },
  },
  unknown: {
    id: "configuration-unknown-key",
    severity: "error",
    says: {
      en: "There is no setting {path}{place}{suggestion}",
      fr: "Le réglage {path} n'existe pas{place}{suggestion}",
    },
    fix: {
      en: "Correct the name or remove the line; docs/configuration.md lists all settings. The service does not start with it.",
      fr: "Corrigez le nom ou retirez la ligne ; docs/configuration.md donne tous les réglages. Le service ne démarre pas ainsi.",
    },
  },
  missing: {
    id: "configuration-file-named",
    severity: "error",
    says: {
      en: "{path}{place} in the configuration names a file that cannot be used: {reason}.",
      fr: "{path}{place} dans la configuration désigne un fichier inutilisable : {reason}.",
    },
    fix: {
      en: "Put the file there, correct its name, or let the user that runs the service read it. Names are relative to the configuration file.",
      fr: "Mettez-y le fichier, corrigez son nom, ou donnez le droit de lecture au compte qui fait tourner le service. Les noms sont relatifs au fichier de configuration.",
    },
  },
  value: {
    id: "configuration-value",
    severity: "error",
    says: {
      en: "The setting {path}{place} is wrong: {reason}.",
      fr: "Le réglage {path}{place} est incorrect : {reason}.",
    },
    fix: {
      en: "Correct it; docs/configuration.md says what is allowed. The service does not start with it.",
      fr: "Corrigez-le ; docs/configuration.md dit ce qui est permis. Le service ne démarre pas ainsi.",
    },
  },
  localhost: {
    id: "configuration-only-localhost",
    severity: "hint",
    says: {
      en: "The only domain is localhost, although connections from other machines are accepted: addresses such as name@localhost make no sense there.",
      fr: "Le seul domaine est localhost, alors que des connexions d'autres machines sont acceptées : une adresse comme nom@localhost n'y a pas de sens.",
    },
    fix: {
      en: "Write the institution's domain into the configuration, such as `domains: [{ name: example.org }]`, and restart.",
      fr: "Écrivez le domaine de l'établissement dans la configuration, par exemple `domains: [{ name: example.org }]`, puis redémarrez.",
    },
  },
} as const satisfies Record<string, Kind>;

/** The configuration that holds: what is valid but hardly meant. */
export const configurationCheck: Check = {
  name: "configuration",
  title: { en: "Configuration", fr: "Configuration" },
  kinds: Object.values(kinds),
  async run({ configuration: { file, domains, listen } }) {
    const local = domains.every(({ name, aliases }) => [name, ...aliases].every(isLocalName));
    const open = listen.some(({ address }) => !/^(?:127\.|::1$|localhost$)/.test(address));
    return file !== undefined && local && open ? [found(kinds.localhost)] : [];
  },
};

/** What is wrong in a configuration that cannot be used: a finding for each line of the error. */
export function brokenConfiguration(error: SettingsError, file: string | undefined): Finding[] {
  const { message } = error;
  const invalid = /^\(top\): not valid YAML: ([\s\S]*)$/.exec(message);
  if (invalid !== null) return [found(kinds.syntax, { reason: invalid[1]! })];
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (file !== undefined && code !== undefined && message.startsWith(`${file}: `))
    return [found(kinds.file, { file, reason: inBoth(message.slice(file.length + 2)) })];
  return message.split("\n").map(oneProblem);
}

function oneProblem(sentence: string): Finding {
  const [, path, reason, line] = /^(.+?): (.*?)(?: \(line (\d+)\))?$/.exec(sentence) ?? [];
  if (path === undefined || reason === undefined)
    return found(kinds.value, { path: "(top)", place: "", reason: sentence });
  const place = line === undefined ? "" : { en: ` (line ${line})`, fr: ` (ligne ${line})` };
  const unknown = /^no such setting(?:; did you mean (.+)\?)?$/.exec(reason);
  if (unknown !== null) {
    const [, close] = unknown;
    const suggestion =
      close === undefined ? "" : { en: `; did you mean ${close}?`, fr: ` ; vouliez-vous dire ${close} ?` };
    return found(kinds.unknown, { path, place, suggestion });
  }
  const named = /\.(?:certificate|key)$/.test(path) && !reason.startsWith("missing");
  return found(named ? kinds.missing : kinds.value, { path, place, reason: inBoth(reason) });
}

const frenchReasons: Readonly<Record<string, string>> = {
  "file not found": "fichier introuvable",
  "may not be read by this user": "cet utilisateur n'a pas le droit de lecture",
  "is a folder, not a file": "c'est un dossier, pas un fichier",
  missing: "absent",
  "must not be empty": "ne doit pas être vide",
  "expected a whole number": "un nombre entier est attendu",
};

/** The reason in both languages, as far as there is a translation; what follows a colon is a name. */
function inBoth(reason: string): Text {
  const [, start = reason, rest = ""] = /^([^:]+)(: .*)$/.exec(reason) ?? [];
  const french = frenchReasons[start];
  return { en: reason, fr: french === undefined ? reason : `${french}${rest.replace(/^:/, " :")}` };
}
