import type { Language, Text } from "#stanza/text.ts";
import type { Reason } from "./transfer.ts";

/** Refusals that a person may see. */
export const malformed: Text = {
  en: "An offer names the stream, the file and its size, at least one byte.",
  fr: "Une offre indique le flux, le nom du fichier et sa taille, d'un octet au moins.",
};
export const tooLarge: Text = {
  en: "The file is too large for the server to keep it for this person.",
  fr: "Le fichier est trop volumineux pour que le serveur le garde pour cette personne.",
};
export const busy: Text = {
  en: "Too many files are on their way to the server. Try again in some minutes.",
  fr: "Trop de fichiers sont en route vers le serveur. Réessayez dans quelques minutes.",
};
export const tooMany: Text = {
  en: "You are sending too many files at the same time. Wait until one of them has arrived.",
  fr: "Vous envoyez trop de fichiers à la fois. Attendez que l'un d'eux soit arrivé.",
};
export const twice: Text = {
  en: "A file is being sent under this name of a stream already.",
  fr: "Un fichier est déjà en cours d'envoi sous ce nom de flux.",
};
export const noProxyOfOurs: Text = {
  en: "The server takes files through its own proxy or in-band only.",
  fr: "Le serveur ne prend les fichiers que par son propre proxy ou dans la connexion (in-band).",
};

function asLinks(who: string): Text {
  return { en: `Files to ${who} go as links`, fr: `Les fichiers pour ${who} passent par des liens` };
}

const reasons: Readonly<Record<Reason, (who: string) => Text>> = {
  away: (who) => ({ en: `${who} is away`, fr: `${who} n'est pas connecté·e` }),
  unable: (who) => ({
    en: `The software of ${who} cannot take files`,
    fr: `Le logiciel de ${who} ne sait pas recevoir de fichiers`,
  }),
  person: asLinks,
  room: asLinks,
};

/** What happened, for the sender. */
export function putOnServer(facts: {
  readonly reason: Reason;
  readonly who: string;
  readonly name: string;
  readonly link: string;
  readonly until: Date;
}): Text {
  const { reason, who, name, link, until } = facts;
  const why = reasons[reason](who);
  const day = (language: Language) =>
    new Intl.DateTimeFormat(language === "en" ? "en-GB" : "fr-FR", { dateStyle: "long", timeZone: "UTC" }).format(
      until,
    );
  return {
    en: `${why.en}: your file "${name}" was put on the server, and a link to it has been sent. It is valid until ${day("en")}: ${link}`,
    fr: `${why.fr} : votre fichier « ${name} » a été déposé sur le serveur, et un lien a été envoyé. Il est valable jusqu'au ${day("fr")} : ${link}`,
  };
}

/** Why nothing came of it, for the sender; `because` is a sentence. */
export function notSent(name: string, because: Text): Text {
  return {
    en: `Your file "${name}" has not been sent. ${because.en}`,
    fr: `Votre fichier « ${name} » n'a pas été envoyé. ${because.fr}`,
  };
}

export const ourFault: Text = {
  en: "Something went wrong on the server. Try again later.",
  fr: "Une erreur s'est produite sur le serveur. Réessayez plus tard.",
};
