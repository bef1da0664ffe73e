import { type Condition, StanzaError } from "#stanza/error.ts";
import type { Text } from "#stanza/text.ts";
import { formatDateTime } from "#stanza/time.ts";
import { tag } from "#xml/element.ts";
import type { FileRefusal } from "./file-error.ts";
import { namespace } from "./tags.ts";

const fileTooLarge = tag(namespace, "file-too-large");
const maxFileSize = tag(namespace, "max-file-size");
const retryElement = tag(namespace, "retry");

type Refusal = FileRefusal | "stranger" | "name" | "size" | "type" | "end";

interface Facts {
  readonly largest?: number;
  readonly retry?: Date | undefined;
}

const conditions: Readonly<Record<Refusal, Condition>> = {
  "too-large": "not-acceptable",
  quota: "resource-constraint",
  pending: "resource-constraint",
  "no-room": "resource-constraint",
  taken: "conflict",
  "no-account": "forbidden",
  incomplete: "bad-request",
  stranger: "forbidden",
  name: "bad-request",
  size: "bad-request",
  type: "bad-request",
  end: "bad-request",
};

/** Why there is no slot (XEP-0363 §6). */
export function refusal(reason: Refusal, facts: Facts = {}): StanzaError {
  if (reason === "too-large") {
    const detail = fileTooLarge({}, maxFileSize({}, `${facts.largest ?? 0}`));
    return new StanzaError(conditions[reason], textOf(reason, facts), { detail });
  }
  const detail = facts.retry && retryElement({ stamp: formatDateTime(facts.retry) });
  return new StanzaError(conditions[reason], textOf(reason, facts), detail ? { detail } : {});
}

function textOf(reason: Refusal, { largest = 0, retry }: Facts): Text {
  const { en, fr } = texts[reason];
  if (reason === "too-large") return { en: `${en} ${shown(largest, "en")}.`, fr: `${fr} ${shown(largest, "fr")}.` };
  if (retry === undefined) return { en, fr };
  const day = (language: string) =>
    new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }).format(retry);
  return { en: `${en} Try again after ${day("en-GB")} (UTC).`, fr: `${fr} Réessayez après le ${day("fr-FR")} (UTC).` };
}

/** A size for people; never more than it is. */
function shown(bytes: number, language: "en" | "fr"): string {
  const letter = language === "fr" ? "o" : "B";
  const units = [
    [1024 ** 3, `Gi${letter}`],
    [1024 ** 2, `Mi${letter}`],
    [1024, `Ki${letter}`],
  ] as const;
  const [unit, name] = units.find(([one]) => bytes >= one) ?? [1, letter];
  const number = Math.floor((bytes / unit) * 10) / 10;
  return `${language === "fr" ? `${number}`.replace(".", ",") : number} ${name}`;
}

const texts: Readonly<Record<Refusal, Text>> = {
  "too-large": {
    en: "The file is too large: the largest that can be sent has",
    fr: "Le fichier est trop volumineux : le plus gros qui puisse être envoyé fait",
  },
  quota: {
    en: "Your files take all the room that you have here: old ones are deleted in time.",
    fr: "Vos fichiers occupent toute la place dont vous disposez ici : les anciens seront supprimés avec le temps.",
  },
  pending: {
    en: "You have too many uploads under way: wait until they have finished.",
    fr: "Trop d'envois de fichiers sont en cours : attendez qu'ils soient terminés.",
  },
  "no-room": {
    en: "The server has no room for files just now.",
    fr: "Le serveur n'a plus de place pour des fichiers en ce moment.",
  },
  taken: { en: "This file is there already.", fr: "Ce fichier est déjà là." },
  "no-account": { en: "This account may not upload files.", fr: "Ce compte ne peut pas envoyer de fichiers." },
  incomplete: { en: "The file did not come whole.", fr: "Le fichier n'est pas arrivé en entier." },
  stranger: {
    en: "Only accounts of this server may upload files here.",
    fr: "Seuls les comptes de ce serveur peuvent envoyer des fichiers ici.",
  },
  name: {
    en: "The request must name the file, in at most 1023 characters.",
    fr: "La demande doit donner le nom du fichier, en 1023 caractères au plus.",
  },
  size: {
    en: "The request must say how many bytes the file has, at least one.",
    fr: "La demande doit indiquer la taille du fichier en octets, un au moins.",
  },
  type: {
    en: "The content type of the file is not one, such as image/jpeg.",
    fr: "Le type de contenu du fichier n'en est pas un, tel que image/jpeg.",
  },
  end: {
    en: "The time at which the file is to be deleted must be a date and time in the future.",
    fr: "Le moment de la suppression du fichier doit être une date et une heure à venir.",
  },
};
