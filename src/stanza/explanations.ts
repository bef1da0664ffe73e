import type { Text } from "./text.ts";

/** What each condition means, in plain words, where whoever refuses has nothing better to say (RFC 6120 §8.3.3). */
export const explanations = {
  "bad-request": {
    en: "Your client sent something that the server cannot understand.",
    fr: "Votre client a envoyé quelque chose que le serveur ne peut pas comprendre.",
  },
  conflict: {
    en: "Something with this name or address is there already.",
    fr: "Quelque chose porte déjà ce nom ou cette adresse.",
  },
  "feature-not-implemented": {
    en: "This function does not exist here.",
    fr: "Cette fonction n'existe pas ici.",
  },
  forbidden: {
    en: "You do not have the right to do this.",
    fr: "Vous n'avez pas le droit de faire cela.",
  },
  gone: {
    en: "This address is no longer in use.",
    fr: "Cette adresse n'est plus utilisée.",
  },
  "internal-server-error": {
    en: "Something went wrong on the server. Try again later.",
    fr: "Une erreur s'est produite sur le serveur. Réessayez plus tard.",
  },
  "item-not-found": {
    en: "What you asked for does not exist.",
    fr: "Ce que vous demandez n'existe pas.",
  },
  "jid-malformed": {
    en: "This is not a valid address. An address looks like login@domain.",
    fr: "Cette adresse n'est pas valide. Une adresse a la forme login@domaine.",
  },
  "not-acceptable": {
    en: "The server cannot accept this in this form.",
    fr: "Le serveur ne peut pas accepter ceci sous cette forme.",
  },
  "not-allowed": {
    en: "Nobody is allowed to do this here.",
    fr: "Personne n'est autorisé à faire cela ici.",
  },
  "not-authorized": {
    en: "The right password or permission is missing.",
    fr: "Le bon mot de passe ou la bonne autorisation manque.",
  },
  "policy-violation": {
    en: "The rules of this server do not permit this.",
    fr: "Les règles de ce serveur ne permettent pas cela.",
  },
  "recipient-unavailable": {
    en: "The recipient cannot be reached just now. Try again later.",
    fr: "Le destinataire est injoignable pour le moment. Réessayez plus tard.",
  },
  redirect: {
    en: "Use the other address that is given.",
    fr: "Utilisez l'autre adresse indiquée.",
  },
  "registration-required": {
    en: "Only members may do this. Ask to become one.",
    fr: "Seuls les membres peuvent faire cela. Demandez à le devenir.",
  },
  "remote-server-not-found": {
    en: "There is no messaging service at this domain, or it cannot be found.",
    fr: "Il n'y a pas de service de messagerie à ce domaine, ou il est introuvable.",
  },
  "remote-server-timeout": {
    en: "The other server does not answer. Try again later.",
    fr: "L'autre serveur ne répond pas. Réessayez plus tard.",
  },
  "resource-constraint": {
    en: "The server has no room or no time for this just now. Try again later.",
    fr: "Le serveur n'a pas assez de place ou de temps pour cela. Réessayez plus tard.",
  },
  "service-unavailable": {
    en: "This is not available at this address.",
    fr: "Ceci n'est pas disponible à cette adresse.",
  },
  "subscription-required": {
    en: "You need to be subscribed to do this.",
    fr: "Il faut être abonné pour faire cela.",
  },
  "undefined-condition": {
    en: "The server refuses this.",
    fr: "Le serveur refuse cela.",
  },
  "unexpected-request": {
    en: "This is not possible at this moment.",
    fr: "Ceci n'est pas possible à ce moment.",
  },
} as const satisfies Record<string, Text>;
