import { StanzaError } from "#stanza/error.ts";
import type { Text } from "#stanza/text.ts";
import { tag } from "#xml/element.ts";
import { commandsNamespace } from "./command.ts";

const badAction = {
  en: "This step of the command cannot be taken now.",
  fr: "Cette étape de la commande n'est pas possible maintenant.",
};
const malformedAction = {
  en: "The action asked of the command is unknown.",
  fr: "L'action demandée à la commande est inconnue.",
};
const badSession = {
  en: "The command is not known under this number. Start it again.",
  fr: "La commande n'est pas connue sous ce numéro. Recommencez-la.",
};
const expired = {
  en: "The command has ended or has been given up. Start it again.",
  fr: "La commande est terminée ou abandonnée. Recommencez-la.",
};

/** Why a request to a command is refused (XEP-0050 §4.4). */
export const refusals = {
  notYours: {
    en: "You are not allowed to execute this command.",
    fr: "Vous n'êtes pas autorisé à exécuter cette commande.",
  },
  noSuchCommand: { en: "There is no such command here.", fr: "Il n'y a pas de telle commande ici." },
  noNode: { en: "The request names no command.", fr: "La demande ne nomme aucune commande." },
  noForm: {
    en: "Fill in the form of the command and submit it.",
    fr: "Remplissez le formulaire de la commande et envoyez-le.",
  },
  badAction: () => refusal("bad-request", "bad-action", badAction),
  malformedAction: () => refusal("bad-request", "malformed-action", malformedAction),
  badSession: () => refusal("bad-request", "bad-sessionid", badSession),
  badPayload: (why: Text | undefined) => refusal("bad-request", "bad-payload", why),
  expired: () => refusal("not-allowed", "session-expired", expired),
} as const;

function refusal(condition: "bad-request" | "not-allowed", detail: string, text: Text | undefined): StanzaError {
  return new StanzaError(condition, text, { detail: tag(commandsNamespace, detail)() });
}
