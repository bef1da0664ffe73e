import type { Text } from "#stanza/text.ts";

export const notAccepted: Text = {
  en: "This person takes messages from contacts only. Ask to become a contact first.",
  fr: "Cette personne ne reçoit que les messages de ses contacts. Demandez d'abord à devenir un contact.",
};

export const noRoom: Text = {
  en: "Your messages wait until this person accepts you as a contact. No more can be kept.",
  fr: "Vos messages attendent que cette personne vous accepte comme contact. On ne peut pas en garder davantage.",
};

/** What somebody is told when a stranger has written. */
export function notice(contact: string): Text {
  return {
    en: `${contact}, whom you do not know, has written to you. The messages are held: write to this address, or accept it as a contact, to read them.`,
    fr: `${contact}, que vous ne connaissez pas, vous a écrit. Ses messages sont en attente : écrivez à cette adresse, ou acceptez-la comme contact, pour les lire.`,
  };
}
