import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "../check.ts";
import { found, type Kind } from "../finding.ts";

const minuteMs = 60_000;
const yearMs = 365.25 * 24 * 60 * minuteMs;
/** Files may come from a machine whose clock was a little ahead. */
const toleranceMs = 5 * minuteMs;
const likelyYears = 15;

const kinds = {
  behind: {
    id: "clock-behind",
    severity: "error",
    says: {
      en: "The clock of this machine says {now}, but {what} is of {later}: the clock is wrong. Logins, certificates and the times of messages depend on it.",
      fr: "L'horloge de cette machine indique {now}, mais {what} date de {later} : l'horloge est fausse. Les connexions, les certificats et les heures des messages en dépendent.",
    },
    fix: {
      en: "Set the clock by the network (NTP), then restart the service.",
      fr: "Réglez l'horloge par le réseau (NTP), puis redémarrez le service.",
    },
    commands: ["sudo timedatectl set-ntp true", "timedatectl"],
  },
  ahead: {
    id: "clock-ahead",
    severity: "error",
    says: {
      en: "The clock of this machine says {now}, years after this program was installed ({earlier}): the clock is likely wrong.",
      fr: "L'horloge de cette machine indique {now}, des années après l'installation de ce programme ({earlier}) : l'horloge est sans doute fausse.",
    },
    fix: {
      en: "Set the clock by the network (NTP), then restart the service.",
      fr: "Réglez l'horloge par le réseau (NTP), puis redémarrez le service.",
    },
    commands: ["sudo timedatectl set-ntp true", "timedatectl"],
  },
  alone: {
    id: "clock-not-synchronised",
    severity: "warning",
    says: {
      en: "The clock of this machine is not set by the network: it will drift, and the times of messages with it.",
      fr: "L'horloge de cette machine n'est pas réglée par le réseau : elle va dériver, et l'heure des messages avec elle.",
    },
    fix: {
      en: "Turn on NTP; inside the institution, with its own time server.",
      fr: "Activez NTP ; dans l'établissement, avec son propre serveur de temps.",
    },
    commands: ["sudo timedatectl set-ntp true", "timedatectl timesync-status"],
  },
} as const satisfies Record<string, Kind>;

/** The clock, compared with the times of files: asking a time server would need the network. */
export const clockCheck: Check = {
  name: "clock",
  title: { en: "Clock", fr: "Horloge" },
  kinds: Object.values(kinds),
  async run({ system, configuration: { data } }) {
    const now = system.now();
    const program = system.programDate();
    const database = join(data, "parloir.sqlite");
    const facts = { now: shown(now) };
    if (now < program - toleranceMs) {
      const what = { en: "the program", fr: "le programme" };
      return [found(kinds.behind, { ...facts, what, later: shown(program) })];
    }
    const written = existsSync(database) ? statSync(database).mtimeMs : 0;
    if (now < written - toleranceMs) {
      const what = { en: "the database", fr: "la base de données" };
      return [found(kinds.behind, { ...facts, what, later: shown(written) })];
    }
    if (now > program + likelyYears * yearMs) return [found(kinds.ahead, { ...facts, earlier: shown(program) })];
    return (await system.clockIsSynchronised()) === false ? [found(kinds.alone)] : [];
  },
};

function shown(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
