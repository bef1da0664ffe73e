/** The namespace of what is said beside an error (XEP-0433 §4.2.2). */
export const errors = "urn:xmpp:channel-search:0:error";

/** Why a search is refused. */
export const refusals = {
  tooOften: {
    en: "You have searched too often. Wait a moment.",
    fr: "Vous avez fait trop de recherches. Attendez un instant.",
  },
  noSuchOrder: {
    en: "Rooms cannot be put in this order. Choose the number of people or the address.",
    fr: "Cet ordre n'est pas possible. Choisissez le nombre de personnes ou l'adresse.",
  },
  conflict: {
    en: "Either ask for all rooms or search by words.",
    fr: "Demandez tous les salons ou cherchez par mots, mais pas les deux.",
  },
  noWords: { en: "Type a word to look for.", fr: "Saisissez un mot à chercher." },
  tooShort: {
    en: "Words of at least two letters, and a place to look for them, are needed.",
    fr: "Il faut des mots d'au moins deux lettres, et un endroit où les chercher.",
  },
} as const;
