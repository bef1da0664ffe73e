import type { Condition, ErrorType } from "#stanza/error.ts";
import type { Text } from "#stanza/text.ts";

/** What a sender is told. */
export interface Told {
  readonly condition: Condition;
  readonly words: Text;
  readonly type?: ErrorType;
}

/** Addresses of Google: it ended messaging with other servers on 2022-06-16. */
const google = new Set(["gmail.com", "googlemail.com"]);

/** RFC 6120 §8.3.3.16: there is nobody to talk to at this domain. */
export function noService(domain: string): Told {
  const condition = "remote-server-not-found";
  if (google.has(domain)) {
    return {
      condition,
      words: {
        en: `Google no longer exchanges messages with other services (since 2022): nobody can be reached at ${domain}. Invite this person by e-mail instead.`,
        fr: `Google n'échange plus de messages avec d'autres services (depuis 2022) : personne n'est joignable chez ${domain}. Invitez plutôt cette personne par courriel.`,
      },
    };
  }
  return {
    condition,
    words: {
      en: `${domain} has no messaging service. Check the spelling, or invite this person by e-mail instead.`,
      fr: `${domain} n'a pas de service de messagerie. Vérifiez l'orthographe, ou invitez plutôt cette personne par courriel.`,
    },
  };
}

/** RFC 6120 §8.3.3.17. */
function notNow(en: string, fr: string): Told {
  return { condition: "remote-server-timeout", words: { en, fr } };
}

export const dnsFailed = (domain: string): Told =>
  notNow(
    `The server of ${domain} cannot be looked up just now. Try again later.`,
    `Le serveur de ${domain} ne peut pas être trouvé en ce moment. Réessayez plus tard.`,
  );

/** The DNS leads to this machine, or to where this server does not go. */
export const addressRefused = (domain: string): Told => ({
  condition: "remote-server-not-found",
  words: {
    en: `The server of ${domain} has an address to which this server does not connect. Check the spelling, or ask the operators of this server.`,
    fr: `Le serveur de ${domain} a une adresse à laquelle ce serveur ne se connecte pas. Vérifiez l'orthographe, ou demandez aux exploitants de ce serveur.`,
  },
});

export const noConnection = (domain: string): Told =>
  notNow(
    `The server of ${domain} does not answer. Try again later.`,
    `Le serveur de ${domain} ne répond pas. Réessayez plus tard.`,
  );

export const notEncrypted = (domain: string): Told =>
  notNow(
    `No encrypted connection to the server of ${domain} could be made. Its operators must repair this.`,
    `Aucune connexion chiffrée avec le serveur de ${domain} n'a pu être établie. Ses exploitants doivent corriger cela.`,
  );

export const certificateExpired = (domain: string): Told =>
  notNow(
    `The certificate of the server of ${domain} has expired. Its operators must renew it.`,
    `Le certificat du serveur de ${domain} a expiré. Ses exploitants doivent le renouveler.`,
  );

export const certificateOfAnother = (domain: string): Told =>
  notNow(
    `The certificate of the server of ${domain} is for other domains. Its operators must repair this.`,
    `Le certificat du serveur de ${domain} est celui d'autres domaines. Ses exploitants doivent corriger cela.`,
  );

export const certificateUntrusted = (domain: string): Told =>
  notNow(
    `The certificate of the server of ${domain} is not signed by a known authority. Its operators must repair this.`,
    `Le certificat du serveur de ${domain} n'est pas signé par une autorité connue. Ses exploitants doivent corriger cela.`,
  );

/** XEP-0220 §2.1.1: the key was found to be invalid. */
export const keyInvalid = (domain: string): Told => ({
  condition: "internal-server-error",
  words: {
    en: `The server of ${domain} does not believe that this server is who it says. Tell the operators of this server.`,
    fr: `Le serveur de ${domain} ne reconnaît pas l'identité de ce serveur. Prévenez les exploitants de ce serveur.`,
  },
});

export const notAuthenticated = (domain: string): Told =>
  notNow(
    `The server of ${domain} could not check the identity of this server. Try again later.`,
    `Le serveur de ${domain} n'a pas pu vérifier l'identité de ce serveur. Réessayez plus tard.`,
  );

export const refusedThere = (domain: string): Told => ({
  condition: "policy-violation",
  type: "cancel",
  words: {
    en: `The server of ${domain} refuses messages from here.`,
    fr: `Le serveur de ${domain} refuse les messages d'ici.`,
  },
});

export const lost = (domain: string): Told =>
  notNow(
    `The connection to the server of ${domain} was lost; this may not have arrived.`,
    `La connexion avec le serveur de ${domain} a été perdue ; ceci n'est peut-être pas arrivé.`,
  );

export const queueFull = (domain: string): Told => ({
  condition: "resource-constraint",
  words: {
    en: `Too much is waiting for the server of ${domain}. Try again later.`,
    fr: `Trop de choses attendent déjà le serveur de ${domain}. Réessayez plus tard.`,
  },
});

export const tooLarge = (domain: string): Told => ({
  condition: "policy-violation",
  words: {
    en: `This is too large for the server of ${domain}. Send a shorter message.`,
    fr: `Ceci est trop volumineux pour le serveur de ${domain}. Envoyez un message plus court.`,
  },
});

export const notHere: Told = {
  condition: "remote-server-not-found",
  words: {
    en: "This server does not exchange messages with other servers.",
    fr: "Ce serveur n'échange pas de messages avec d'autres serveurs.",
  },
};

export const domainRefused = (domain: string): Told => ({
  condition: "not-allowed",
  words: {
    en: `By the rules of this server, messages are not exchanged with ${domain}. Ask its operators.`,
    fr: `D'après les règles de ce serveur, on n'échange pas de messages avec ${domain}. Demandez à ses exploitants.`,
  },
});

export const personRefused: Told = {
  condition: "not-allowed",
  words: {
    en: "By the rules of your institution, you may not exchange messages with other servers.",
    fr: "D'après les règles de votre établissement, vous ne pouvez pas échanger de messages avec d'autres serveurs.",
  },
};

export const directoryDown: Told = {
  condition: "resource-constraint",
  words: {
    en: "It cannot be checked just now whether you may talk to other servers. Try again later.",
    fr: "On ne peut pas vérifier en ce moment si vous pouvez parler à d'autres serveurs. Réessayez plus tard.",
  },
};
