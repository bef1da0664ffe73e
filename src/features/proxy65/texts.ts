import type { Text } from "#stanza/text.ts";

/** Refusals that a person may see. */
export const outsiders: Text = {
  en: "Only people with an account here may send files through this proxy.",
  fr: "Seules les personnes ayant un compte ici peuvent envoyer des fichiers par ce proxy.",
};
export const closed: Text = {
  en: "The file transfer proxy is out of service. Tell the operators of this server.",
  fr: "Le proxy de transfert de fichiers est hors service. Prévenez les exploitants de ce serveur.",
};
export const malformed: Text = {
  en: "An activation names the stream (sid) and the address of the receiver.",
  fr: "Une activation indique le flux (sid) et l'adresse du destinataire.",
};
export const nobodyThere: Text = {
  en: "Nobody has connected to the proxy for this file. Send it again.",
  fr: "Personne ne s'est connecté au proxy pour ce fichier. Renvoyez-le.",
};
export const alone: Text = {
  en: "The other side has not connected to the proxy for this file. Send it again.",
  fr: "L'autre partie ne s'est pas connectée au proxy pour ce fichier. Renvoyez-le.",
};
export const busy: Text = {
  en: "The file transfer proxy is busy. Try again in some minutes.",
  fr: "Le proxy de transfert de fichiers est très sollicité. Réessayez dans quelques minutes.",
};
export const tooMany: Text = {
  en: "You are sending too many files at the same time. Wait until one of them has arrived.",
  fr: "Vous envoyez trop de fichiers à la fois. Attendez que l'un d'eux soit arrivé.",
};
export const spent: Text = {
  en: "You have sent as much through the proxy as one day allows. Try again tomorrow.",
  fr: "Vous avez envoyé par le proxy tout ce qu'une journée permet. Réessayez demain.",
};
