/** What people are told when a component cannot take their stanza. */
export const notConnected = {
  en: "This service is not running just now. Try again in a few minutes; if it lasts, tell the operators of this server.",
  fr: "Ce service ne fonctionne pas en ce moment. Réessayez dans quelques minutes ; si cela dure, prévenez les exploitants de ce serveur.",
};

export const tooSlow = {
  en: "This service has more to do than it can. Try again in a few minutes.",
  fr: "Ce service est débordé. Réessayez dans quelques minutes.",
};
