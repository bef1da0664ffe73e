import type { Text } from "#stanza/text.ts";

/** What people are told when a login fails; none of it says who has an account. */
export const texts = {
  unreachable: {
    en: "The directory of accounts does not answer. Your password was not checked. Please try again in a few minutes.",
    fr: "L'annuaire des comptes ne répond pas. Votre mot de passe n'a pas été vérifié. Réessayez dans quelques minutes.",
  },
  disabled: {
    en: "This account is disabled or locked. Please ask your IT support.",
    fr: "Ce compte est désactivé ou verrouillé. Adressez-vous à votre service informatique.",
  },
  expired: {
    en: "The password has expired or must be changed. Change it as you do for your mail, then log in again.",
    fr: "Le mot de passe a expiré ou doit être changé. Changez-le comme pour votre messagerie, puis reconnectez-vous.",
  },
  form: {
    en: "Wrong login or password. Use the short login of your mail account, such as pmartin, not Pierre.Martin or an e-mail address.",
    fr: "Identifiant ou mot de passe incorrect. Utilisez l'identifiant court de votre messagerie, par exemple pmartin, et non Pierre.Martin ni une adresse de courriel.",
  },
} as const satisfies Record<string, Text>;
