import type { Kind } from "../finding.ts";

const theirs = {
  en: "Its operators must repair this: send them this line.",
  fr: "Ses exploitants doivent corriger cela : envoyez-leur cette ligne.",
};
const certificate = {
  en: "Its operators must repair this: send them this line. Until then, `s2s.domains` can allow dialback for this domain alone, which is as safe as the DNS.",
  fr: "Ses exploitants doivent corriger cela : envoyez-leur cette ligne. D'ici là, `s2s.domains` peut permettre le dialback pour ce seul domaine, ce qui est aussi sûr que le DNS.",
};
const shownCertificate = ["openssl s_client -connect {target} -starttls xmpp-server -xmpphost {domain} -showcerts"];

/** At which step the way to another domain may fail. `target` is an address with its port, `why` has names and codes. */
export const federationWayKinds = {
  refused: {
    id: "federation-refused",
    severity: "warning",
    says: {
      en: "By the settings of this server nothing is exchanged with {domain}: {why}.",
      fr: "D'après les réglages de ce serveur, rien n'est échangé avec {domain} : {why}.",
    },
    fix: {
      en: "Look at `s2s.policy`, `s2s.allow`, `s2s.block` and `s2s.domains` in the configuration.",
      fr: "Regardez `s2s.policy`, `s2s.allow`, `s2s.block` et `s2s.domains` dans la configuration.",
    },
  },
  notFound: {
    id: "federation-not-found",
    severity: "warning",
    says: {
      en: "{domain} has no messaging service that the DNS knows of: {why}.",
      fr: "{domain} n'a pas de service de messagerie connu du DNS : {why}.",
    },
    fix: {
      en: "Check the spelling. If it is right, its operators must publish a service record.",
      fr: "Vérifiez l'orthographe. Si elle est juste, ses exploitants doivent publier un enregistrement de service.",
    },
    commands: ["dig +short SRV _xmpps-server._tcp.{domain}", "dig +short SRV _xmpp-server._tcp.{domain}"],
  },
  addressRefused: {
    id: "federation-address-refused",
    severity: "warning",
    says: {
      en: "This server does not go where {domain} should be: {why}.",
      fr: "Ce serveur ne va pas là où devrait se trouver {domain} : {why}.",
    },
    fix: {
      en: "If that server really is there, set `s2s.addresses` to `private` (internal networks, too) or `any` (even this machine). Otherwise the records of {domain} are wrong.",
      fr: "Si ce serveur est bien là, mettez `s2s.addresses` à `private` (réseaux internes compris) ou à `any` (même cette machine). Sinon, les enregistrements de {domain} sont faux.",
    },
    commands: ["dig +short SRV _xmpp-server._tcp.{domain}", "dig +short {domain}"],
  },
  dnsFailed: {
    id: "federation-dns-failed",
    severity: "warning",
    says: {
      en: "The DNS gives no answer about {domain}: {why}.",
      fr: "Le DNS ne répond pas au sujet de {domain} : {why}.",
    },
    fix: {
      en: "Try another domain. If that fails too, look at the DNS servers of this machine and at `dns.servers`; otherwise those of {domain} are broken.",
      fr: "Essayez un autre domaine. S'il échoue aussi, regardez les serveurs DNS de cette machine et `dns.servers` ; sinon, ceux de {domain} sont en panne.",
    },
    commands: ["dig SRV _xmpp-server._tcp.{domain}", "cat /etc/resolv.conf"],
  },
  noConnection: {
    id: "federation-no-connection",
    severity: "warning",
    says: {
      en: "The server of {domain} does not answer at {target}: {why}.",
      fr: "Le serveur de {domain} ne répond pas à {target} : {why}.",
    },
    fix: {
      en: "Let the firewall pass connections from here to that port. If it does, its operators must look.",
      fr: "Faites laisser passer par le pare-feu les connexions d'ici vers ce port. Si c'est le cas, ses exploitants doivent regarder.",
    },
    commands: ["openssl s_client -connect {target} -starttls xmpp-server -xmpphost {domain}"],
  },
  noTls: {
    id: "federation-no-tls",
    severity: "warning",
    says: {
      en: "No encryption with the server of {domain} at {target}: {why}.",
      fr: "Pas de chiffrement avec le serveur de {domain} à {target} : {why}.",
    },
    fix: theirs,
    commands: shownCertificate,
  },
  certificateExpired: {
    id: "federation-certificate-expired",
    severity: "warning",
    says: {
      en: "The certificate of {domain} at {target} is not valid now: {why}.",
      fr: "Le certificat de {domain} à {target} n'est pas valable actuellement : {why}.",
    },
    fix: certificate,
    commands: shownCertificate,
  },
  certificateOther: {
    id: "federation-certificate-other-name",
    severity: "warning",
    says: {
      en: "The certificate at {target} is not that of {domain}: {why}.",
      fr: "Le certificat présenté à {target} n'est pas celui de {domain} : {why}.",
    },
    fix: certificate,
    commands: shownCertificate,
  },
  certificateUntrusted: {
    id: "federation-certificate-untrusted",
    severity: "warning",
    says: {
      en: "No authority that is known here vouches for the certificate of {domain} at {target}: {why}.",
      fr: "Aucune autorité connue ici ne garantit le certificat de {domain} à {target} : {why}.",
    },
    fix: {
      en: "If it is that of an institution which you know, name its authority in `authorities`. Otherwise its operators must repair this; until then, `s2s.domains` can allow dialback for this domain alone.",
      fr: "Si c'est l'autorité d'un établissement que vous connaissez, indiquez-la dans `authorities`. Sinon, ses exploitants doivent corriger cela ; d'ici là, `s2s.domains` peut permettre le dialback pour ce seul domaine.",
    },
    commands: shownCertificate,
  },
  notBelieved: {
    id: "federation-not-believed",
    severity: "warning",
    says: {
      en: "The server of {domain} at {target} does not believe that this is {local}, or does not want it: {why}.",
      fr: "Le serveur de {domain} à {target} ne croit pas qu'il s'agit de {local}, ou n'en veut pas : {why}.",
    },
    fix: {
      en: "The certificate of {local} should be of an authority that everybody knows, and the DNS must lead to this server, whose port 5269 must be open: {domain} may ask back there. If all that is so, ask its operators.",
      fr: "Le certificat de {local} doit venir d'une autorité connue de tous, et le DNS doit mener à ce serveur, dont le port 5269 doit être ouvert : {domain} peut y poser une question en retour. Si tout cela est bon, demandez à ses exploitants.",
    },
    commands: ["dig +short SRV _xmpp-server._tcp.{local}"],
  },
  broken: {
    id: "federation-broken",
    severity: "warning",
    says: {
      en: "The server of {domain} at {target} ends the conversation: {why}.",
      fr: "Le serveur de {domain} à {target} met fin à l'échange : {why}.",
    },
    fix: theirs,
  },
} as const satisfies Record<string, Kind>;
