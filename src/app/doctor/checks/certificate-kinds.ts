import type { Kind } from "../finding.ts";

const renew = {
  en: "Renew it now, and let it be renewed by itself (a timer of certbot, with a deploy hook that copies the files). The service reads new files by itself.",
  fr: "Renouvelez-le dès maintenant, et faites-le renouveler automatiquement (une minuterie de certbot, avec un script qui copie les fichiers). Le service relit les nouveaux fichiers de lui-même.",
};
const renewal = ["sudo certbot renew", "openssl x509 -in {file} -noout -dates"];

/** What may be wrong with certificates. `options` are the names as certbot takes them. */
export const certificateKinds = {
  unreadable: {
    id: "certificate-unreadable",
    severity: "error",
    says: {
      en: "{file} holds no certificate in PEM form, or may not be read.",
      fr: "{file} ne contient pas de certificat au format PEM, ou n'est pas lisible.",
    },
    fix: {
      en: "Put the certificate there, followed by the intermediate ones (certbot: fullchain.pem), and let the user that runs the service read it.",
      fr: "Mettez-y le certificat, suivi des certificats intermédiaires (certbot : fullchain.pem), lisible par le compte qui fait tourner le service.",
    },
    commands: ["openssl x509 -in {file} -noout -subject", "openssl x509 -inform DER -in {file} -out {file}.pem"],
  },
  keyUnreadable: {
    id: "certificate-key-unreadable",
    severity: "error",
    says: {
      en: "{file} holds no private key in PEM form that can be used: it may have a passphrase, or may not be read.",
      fr: "{file} ne contient pas de clé privée utilisable au format PEM : elle a peut-être une phrase secrète, ou n'est pas lisible.",
    },
    fix: {
      en: "Remove the passphrase, or let the user that runs the service read the file.",
      fr: "Retirez la phrase secrète, ou donnez le droit de lecture au compte qui fait tourner le service.",
    },
    commands: ["openssl pkey -in {file} -out {file}.plain", "chmod 600 {file}.plain"],
  },
  mismatch: {
    id: "certificate-key-mismatch",
    severity: "error",
    says: {
      en: "The key {key} is not the one of the certificate {file}.",
      fr: "La clé {key} n'est pas celle du certificat {file}.",
    },
    fix: {
      en: "Take both from the same order: the two commands must print the same.",
      fr: "Prenez les deux de la même commande : les deux lignes ci-dessous doivent afficher la même chose.",
    },
    commands: ["openssl x509 -in {file} -noout -pubkey", "openssl pkey -in {key} -pubout"],
  },
  keyOpen: {
    id: "certificate-key-open",
    severity: "warning",
    says: {
      en: "Everybody on this machine may read the private key {file}.",
      fr: "Tout le monde sur cette machine peut lire la clé privée {file}.",
    },
    fix: {
      en: "Let only the user that runs the service read it.",
      fr: "N'en permettez la lecture qu'au compte qui fait tourner le service.",
    },
    commands: ["chmod o= {file}"],
  },
  order: {
    id: "certificate-chain-order",
    severity: "error",
    says: {
      en: "The certificates in {file} are not in order, or some do not belong there. The service's own comes first, then each one's issuer.",
      fr: "Les certificats de {file} ne sont pas dans l'ordre, ou certains n'ont rien à y faire. Celui du service vient d'abord, puis l'émetteur de chacun.",
    },
    fix: {
      en: "Put them in that order in the file; certbot's fullchain.pem is right as it is.",
      fr: "Remettez-les dans cet ordre ; le fullchain.pem de certbot convient tel quel.",
    },
    commands: ["openssl storeutl -noout -text -certs {file} | grep -E 'Subject:|Issuer:'"],
  },
  incomplete: {
    id: "certificate-chain-incomplete",
    severity: "error",
    says: {
      en: "The chain in {file} is not complete: the certificate of {issuer} is missing, and is no authority that is known here.",
      fr: "La chaîne de {file} n'est pas complète : le certificat de {issuer} manque, et ce n'est pas une autorité connue ici.",
    },
    fix: {
      en: "Append the intermediate certificates that the authority gives (certbot: use fullchain.pem, not cert.pem).",
      fr: "Ajoutez à la suite les certificats intermédiaires fournis par l'autorité (certbot : prenez fullchain.pem, pas cert.pem).",
    },
    commands: ["cat intermediate.pem >> {file}"],
  },
  chainExpired: {
    id: "certificate-chain-expired",
    severity: "error",
    says: {
      en: "In {file}, the intermediate certificate of {issuer} has expired: clients refuse the chain.",
      fr: "Dans {file}, le certificat intermédiaire de {issuer} a expiré : les clients refusent la chaîne.",
    },
    fix: {
      en: "Replace it by the one that the authority gives now (certbot's fullchain.pem has it).",
      fr: "Remplacez-le par celui que l'autorité fournit maintenant (il est dans le fullchain.pem de certbot).",
    },
    commands: ["openssl storeutl -noout -text -certs {file} | grep -E 'Subject:|Not After'"],
  },
  privateAuthority: {
    id: "certificate-private-authority",
    severity: "warning",
    says: {
      en: "The authority of {file} ({issuer}) is not one that computers trust by themselves: clients will ask or refuse.",
      fr: "L'autorité de {file} ({issuer}) n'est pas de celles que les ordinateurs reconnaissent d'eux-mêmes : les clients demanderont ou refuseront.",
    },
    fix: {
      en: "Install that authority on every computer, this one included, or take a certificate of a public authority.",
      fr: "Installez cette autorité sur chaque ordinateur, celui-ci compris, ou prenez un certificat d'une autorité publique.",
    },
    commands: ["sudo cp authority.pem /usr/local/share/ca-certificates/authority.crt", "sudo update-ca-certificates"],
  },
  selfSigned: {
    id: "certificate-self-signed",
    severity: "warning",
    says: {
      en: "The certificate of {domain} ({file}) is self-signed: clients ask each person whether to trust it, and some refuse.",
      fr: "Le certificat de {domain} ({file}) est auto-signé : les clients demandent à chacun s'il faut lui faire confiance, et certains refusent.",
    },
    fix: {
      en: "Get one from an authority and name its files in the configuration. Where this machine is not the web server of the domain: by ACME with DNS-01, as below, which needs only a DNS record; or ask whoever has the domain's certificate to include these names. Between servers, POSH or DANE records can stand for it.",
      fr: "Obtenez-en un d'une autorité et indiquez ses fichiers dans la configuration. Si cette machine n'est pas le serveur web du domaine : par ACME avec DNS-01, comme ci-dessous, qui ne demande qu'un enregistrement DNS ; ou demandez à qui gère le certificat du domaine d'y inclure ces noms. Entre serveurs, des enregistrements POSH ou DANE peuvent en tenir lieu.",
    },
    commands: ["sudo certbot certonly --manual --preferred-challenges dns {options}"],
  },
  expired: {
    id: "certificate-expired",
    severity: "error",
    says: {
      en: "The certificate {file} expired on {end}: clients refuse it.",
      fr: "Le certificat {file} a expiré le {end} : les clients le refusent.",
    },
    fix: renew,
    commands: renewal,
  },
  lastDay: {
    id: "certificate-expires-in-a-day",
    severity: "error",
    says: {
      en: "The certificate {file} expires within a day, on {end}.",
      fr: "Le certificat {file} expire dans moins d'un jour, le {end}.",
    },
    fix: renew,
    commands: renewal,
  },
  lastWeek: {
    id: "certificate-expires-in-a-week",
    severity: "warning",
    says: {
      en: "The certificate {file} expires in {days} days, on {end}.",
      fr: "Le certificat {file} expire dans {days} jours, le {end}.",
    },
    fix: renew,
    commands: renewal,
  },
  lastWeeks: {
    id: "certificate-expires-in-three-weeks",
    severity: "hint",
    says: {
      en: "The certificate {file} expires in {days} days, on {end}.",
      fr: "Le certificat {file} expire dans {days} jours, le {end}.",
    },
    fix: renew,
    commands: renewal,
  },
  early: {
    id: "certificate-not-yet-valid",
    severity: "error",
    says: {
      en: "The certificate {file} is valid from {start} on; it is {now} by the clock of this machine.",
      fr: "Le certificat {file} n'est valable qu'à partir du {start} ; l'horloge de cette machine indique le {now}.",
    },
    fix: {
      en: "Look at the clock first: if it is late, set it. Otherwise use the former certificate until then.",
      fr: "Regardez d'abord l'horloge : si elle retarde, réglez-la. Sinon, gardez l'ancien certificat jusque-là.",
    },
    commands: ["date", "openssl x509 -in {file} -noout -dates"],
  },
  domainMissing: {
    id: "certificate-domain-missing",
    severity: "error",
    says: {
      en: "The certificate {file} does not name {face}, the domain of the accounts, only {named}. Clients that check the domain (Gajim, Dino, Conversations, …) refuse it.",
      fr: "Le certificat {file} ne nomme pas {face}, le domaine des comptes, mais seulement {named}. Les clients qui vérifient le domaine (Gajim, Dino, Conversations, …) le refusent.",
    },
    fix: {
      en: "Get a certificate with all the names. Where the web server of {face} is another machine, ACME with DNS-01 gives it without that machine.",
      fr: "Obtenez un certificat avec tous les noms. Si le serveur web de {face} est une autre machine, ACME avec DNS-01 le donne sans passer par elle.",
    },
    commands: ["sudo certbot certonly --manual --preferred-challenges dns {options}"],
  },
  aliasMissing: {
    id: "certificate-alias-missing",
    severity: "error",
    says: {
      en: "The certificate {file} does not name {face}, an alias of {domain}, only {named}. Pidgin checks the name in “connect server”, and everybody who logs in at {face} gets a warning.",
      fr: "Le certificat {file} ne nomme pas {face}, alias de {domain}, mais seulement {named}. Pidgin vérifie le nom donné dans « serveur de connexion », et quiconque se connecte à {face} reçoit un avertissement.",
    },
    fix: {
      en: "Get a certificate with all the names.",
      fr: "Obtenez un certificat avec tous les noms.",
    },
    commands: ["sudo certbot certonly --manual --preferred-challenges dns {options}"],
  },
  weakKey: {
    id: "certificate-weak-key",
    severity: "error",
    says: {
      en: "The key of the certificate {file} has only {bits} bits: clients refuse less than 2048.",
      fr: "La clé du certificat {file} n'a que {bits} bits : les clients refusent moins de 2048.",
    },
    fix: {
      en: "Make a new key, and get a certificate for it.",
      fr: "Faites une nouvelle clé, et obtenez un certificat pour elle.",
    },
    commands: ["openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new.key"],
  },
  weakSignature: {
    id: "certificate-weak-signature",
    severity: "error",
    says: {
      en: "In {file}, the certificate of {subject} is signed with {algorithm}: clients no longer accept that.",
      fr: "Dans {file}, le certificat de {subject} est signé avec {algorithm} : les clients ne l'acceptent plus.",
    },
    fix: {
      en: "Get a new certificate, signed with SHA-256 or better.",
      fr: "Obtenez un nouveau certificat, signé avec SHA-256 ou mieux.",
    },
    commands: ["openssl x509 -in {file} -noout -text | grep 'Signature Algorithm'"],
  },
} as const satisfies Record<string, Kind>;
