import type { Kind } from "../finding.ts";

const askAgain = ["{environment}ldapsearch {options} -s base -b '' namingContexts"];

/** What may be wrong with the directory. `options` are those of ldapsearch for it, after `environment`. */
export const ldapKinds = {
  settings: {
    id: "ldap-settings",
    severity: "error",
    says: {
      en: "The settings of the directory cannot be used: {reason}.",
      fr: "Les réglages de l'annuaire sont inutilisables : {reason}.",
    },
    fix: {
      en: "Correct the section `ldap` of the configuration, or the file that it names.",
      fr: "Corrigez la section `ldap` de la configuration, ou le fichier qu'elle désigne.",
    },
  },
  filter: {
    id: "ldap-filter",
    severity: "error",
    says: {
      en: "The filter {filter}, which {path} says, is not valid: {reason}.",
      fr: "Le filtre {filter}, donné par {path}, n'est pas valide : {reason}.",
    },
    fix: {
      en: "Write it as RFC 4515 says, such as (objectClass=person) or (&(objectClass=person)(employeeType=staff)).",
      fr: "Écrivez-le comme le veut la RFC 4515, par exemple (objectClass=person) ou (&(objectClass=person)(employeeType=staff)).",
    },
  },
  nameUnknown: {
    id: "ldap-name-unknown",
    severity: "error",
    says: {
      en: "The name of the directory server {url} has no address.",
      fr: "Le nom du serveur d'annuaire {url} n'a pas d'adresse.",
    },
    fix: {
      en: "Correct `ldap.url`, or look at the DNS servers of this machine.",
      fr: "Corrigez `ldap.url`, ou regardez les serveurs DNS de cette machine.",
    },
    commands: ["getent hosts {host}"],
  },
  refused: {
    id: "ldap-connection-refused",
    severity: "error",
    says: {
      en: "{host} accepts no connections on port {port}: no directory listens there.",
      fr: "{host} n'accepte pas de connexion sur le port {port} : aucun annuaire n'y écoute.",
    },
    fix: {
      en: "Start the directory, or correct the port in `ldap.url`: 636 for ldaps://, 389 for ldap://.",
      fr: "Démarrez l'annuaire, ou corrigez le port dans `ldap.url` : 636 pour ldaps://, 389 pour ldap://.",
    },
    commands: ["nc -vz {host} {port}"],
  },
  unreachable: {
    id: "ldap-unreachable",
    severity: "error",
    says: {
      en: "The directory server {url} cannot be reached: {reason}.",
      fr: "Le serveur d'annuaire {url} est inaccessible : {reason}.",
    },
    fix: {
      en: "Ask whoever runs the network to let this machine reach it: usually a firewall drops the connection.",
      fr: "Demandez au service réseau de laisser cette machine l'atteindre : en général, un pare-feu bloque la connexion.",
    },
    commands: ["nc -vz -w 5 {host} {port}"],
  },
  oneDown: {
    id: "ldap-one-server-down",
    severity: "warning",
    says: {
      en: "Of the directory servers, {url} cannot be used ({reason}); another one serves meanwhile.",
      fr: "Parmi les serveurs d'annuaire, {url} est inutilisable ({reason}) ; un autre assure le service.",
    },
    fix: {
      en: "Repair it, or take it out of `ldap.url`.",
      fr: "Réparez-le, ou retirez-le de `ldap.url`.",
    },
    commands: askAgain,
  },
  clear: {
    id: "ldap-unencrypted",
    severity: "warning",
    says: {
      en: "Passwords travel to {url} in the clear: `ldap.start-tls` is off.",
      fr: "Les mots de passe voyagent en clair vers {url} : `ldap.start-tls` est désactivé.",
    },
    fix: {
      en: "Use ldaps://, or turn `ldap.start-tls` on.",
      fr: "Utilisez ldaps://, ou activez `ldap.start-tls`.",
    },
  },
  tlsName: {
    id: "ldap-tls-name",
    severity: "error",
    says: {
      en: "The certificate of the directory server is not for {host}: {reason}.",
      fr: "Le certificat du serveur d'annuaire n'est pas pour {host} : {reason}.",
    },
    fix: {
      en: "Write the name that is in its certificate into `ldap.url`, not an address or another name.",
      fr: "Écrivez dans `ldap.url` le nom qui figure dans son certificat, et non une adresse ou un autre nom.",
    },
    commands: [
      "openssl s_client -connect {host}:{port} {options} </dev/null | openssl x509 -noout -ext subjectAltName",
    ],
  },
  tlsExpired: {
    id: "ldap-tls-expired",
    severity: "error",
    says: {
      en: "The certificate of the directory server {url} has expired, or the clock of this machine is wrong.",
      fr: "Le certificat du serveur d'annuaire {url} a expiré, ou l'horloge de cette machine est fausse.",
    },
    fix: {
      en: "Ask whoever runs the directory to renew it.",
      fr: "Demandez à qui gère l'annuaire de le renouveler.",
    },
    commands: ["openssl s_client -connect {host}:{port} {options} </dev/null | openssl x509 -noout -dates"],
  },
  tlsUntrusted: {
    id: "ldap-tls-untrusted",
    severity: "error",
    says: {
      en: "The certificate of the directory server {url} comes from an authority that is not trusted here ({reason}).",
      fr: "Le certificat du serveur d'annuaire {url} vient d'une autorité qui n'est pas reconnue ici ({reason}).",
    },
    fix: {
      en: "Save the certificate of the institution's authority to a file and name it by `ldap.ca`.",
      fr: "Enregistrez le certificat de l'autorité de l'établissement dans un fichier et indiquez-le par `ldap.ca`.",
    },
    commands: ["openssl s_client -connect {host}:{port} {options} -showcerts </dev/null"],
  },
  noStartTls: {
    id: "ldap-no-starttls",
    severity: "error",
    says: {
      en: "The directory server {url} does not offer StartTLS: {reason}.",
      fr: "Le serveur d'annuaire {url} ne propose pas StartTLS : {reason}.",
    },
    fix: {
      en: "Use ldaps:// in `ldap.url`, or have a certificate installed in the directory.",
      fr: "Utilisez ldaps:// dans `ldap.url`, ou faites installer un certificat dans l'annuaire.",
    },
    commands: ["openssl s_client -connect {host}:{port} -starttls ldap </dev/null"],
  },
  tls: {
    id: "ldap-tls",
    severity: "error",
    says: {
      en: "The encryption with the directory server {url} fails: {reason}.",
      fr: "Le chiffrement avec le serveur d'annuaire {url} échoue : {reason}.",
    },
    fix: {
      en: "Look whether ldap:// and ldaps:// are mixed up in `ldap.url` (389 is for ldap://, 636 for ldaps://), and whether the directory has TLS 1.2.",
      fr: "Vérifiez que ldap:// et ldaps:// ne sont pas confondus dans `ldap.url` (389 pour ldap://, 636 pour ldaps://), et que l'annuaire a TLS 1.2.",
    },
    commands: ["openssl s_client -connect {host}:{port} {options} </dev/null"],
  },
  accountRefused: {
    id: "ldap-account-refused",
    severity: "error",
    says: {
      en: "The directory does not accept the account that searches, {dn}: wrong name or password.",
      fr: "L'annuaire n'accepte pas le compte de recherche, {dn} : nom ou mot de passe incorrect.",
    },
    fix: {
      en: "Correct `ldap.bind-dn` or the password in the file that `ldap.bind-password-file` names.",
      fr: "Corrigez `ldap.bind-dn` ou le mot de passe dans le fichier désigné par `ldap.bind-password-file`.",
    },
    commands: ["{environment}ldapwhoami {options}"],
  },
  account: {
    id: "ldap-account-failed",
    severity: "error",
    says: {
      en: "The account that searches the directory cannot be used: {reason}.",
      fr: "Le compte de recherche de l'annuaire est inutilisable : {reason}.",
    },
    fix: {
      en: "Ask whoever runs the directory whether the account is locked or must use TLS.",
      fr: "Demandez à qui gère l'annuaire si le compte est verrouillé ou doit utiliser TLS.",
    },
    commands: ["{environment}ldapwhoami {options}"],
  },
  layout: {
    id: "ldap-base-unknown",
    severity: "error",
    says: {
      en: "The directory does not say where people are: {reason}.",
      fr: "L'annuaire ne dit pas où sont les personnes : {reason}.",
    },
    fix: {
      en: "Set `ldap.base`, such as dc=example,dc=org.",
      fr: "Réglez `ldap.base`, par exemple dc=example,dc=org.",
    },
    commands: askAgain,
  },
  baseMissing: {
    id: "ldap-base-missing",
    severity: "error",
    says: {
      en: "The base {base} does not exist in the directory, or the account that searches may not see it.",
      fr: "La base {base} n'existe pas dans l'annuaire, ou le compte de recherche n'a pas le droit de la voir.",
    },
    fix: {
      en: "Correct `ldap.base` or `ldap.users.base`: the command shows which bases there are.",
      fr: "Corrigez `ldap.base` ou `ldap.users.base` : la commande montre les bases qui existent.",
    },
    commands: askAgain,
  },
  nobody: {
    id: "ldap-nobody",
    severity: "error",
    says: {
      en: "Nobody is found under {base} by the filter {filter} with the attribute {attribute}.",
      fr: "Personne n'est trouvé sous {base} par le filtre {filter} avec l'attribut {attribute}.",
    },
    fix: {
      en: "Correct `ldap.users` or `ldap.attributes.login`; or give the account that searches the right to read people (anonymous searches often see nothing).",
      fr: "Corrigez `ldap.users` ou `ldap.attributes.login` ; ou donnez au compte de recherche le droit de lire les personnes (une recherche anonyme ne voit souvent rien).",
    },
    commands: ["{environment}ldapsearch {options} -b {base} {filter} {attribute}"],
  },
  search: {
    id: "ldap-search-refused",
    severity: "error",
    says: {
      en: "The directory refuses the search for people: {reason}.",
      fr: "L'annuaire refuse la recherche des personnes : {reason}.",
    },
    fix: {
      en: "Ask whoever runs the directory to allow this search to the account that searches, or set such an account by `ldap.bind-dn`.",
      fr: "Demandez à qui gère l'annuaire de permettre cette recherche au compte de recherche, ou indiquez un tel compte par `ldap.bind-dn`.",
    },
    commands: ["{environment}ldapsearch {options} -b {base} {filter} {attribute}"],
  },
  noGroups: {
    id: "ldap-no-groups",
    severity: "warning",
    says: {
      en: "No group is found under {base}, which `ldap.groups.base` names.",
      fr: "Aucun groupe n'est trouvé sous {base}, que désigne `ldap.groups.base`.",
    },
    fix: {
      en: "Correct `ldap.groups`, or give the account that searches the right to read groups.",
      fr: "Corrigez `ldap.groups`, ou donnez au compte de recherche le droit de lire les groupes.",
    },
    commands: ["{environment}ldapsearch {options} -b {base} objectClass"],
  },
  loginImpossible: {
    id: "ldap-login-impossible",
    severity: "error",
    says: {
      en: "“{user}” cannot be a login: it is empty, or has characters that addresses may not have.",
      fr: "« {user} » ne peut pas être un identifiant : il est vide, ou a des caractères interdits dans une adresse.",
    },
    fix: {
      en: "Use the short login of the mail account, such as pmartin.",
      fr: "Utilisez l'identifiant court de la messagerie, par exemple pmartin.",
    },
  },
  loginUnknown: {
    id: "ldap-login-unknown",
    severity: "error",
    says: {
      en: "No entry has the login {user}: the search {filter} under {base} finds nothing.",
      fr: "Aucune entrée n'a l'identifiant {user} : la recherche {filter} sous {base} ne trouve rien.",
    },
    fix: {
      en: "Look at the entry: its login may be written otherwise, it may lie under another base, or not match `ldap.users.filter`.",
      fr: "Regardez l'entrée : son identifiant s'écrit peut-être autrement, elle est peut-être sous une autre base, ou ne correspond pas à `ldap.users.filter`.",
    },
    commands: ["{environment}ldapsearch {options} -b {base} {filter}"],
  },
  loginAmbiguous: {
    id: "ldap-login-ambiguous",
    severity: "error",
    says: {
      en: "{count} entries have the login {user}, so nobody can log in with it: {entries}.",
      fr: "{count} entrées ont l'identifiant {user}, donc personne ne peut se connecter avec : {entries}.",
    },
    fix: {
      en: "Give all but one another login, or narrow `ldap.users.base` or `ldap.users.filter`.",
      fr: "Donnez un autre identifiant à toutes sauf une, ou restreignez `ldap.users.base` ou `ldap.users.filter`.",
    },
    commands: ["{environment}ldapsearch {options} -b {base} {filter} dn"],
  },
  loginDisabled: {
    id: "ldap-login-disabled",
    severity: "error",
    says: {
      en: "The account {user} is disabled or locked in the directory.",
      fr: "Le compte {user} est désactivé ou verrouillé dans l'annuaire.",
    },
    fix: {
      en: "Have it enabled or unlocked in the directory, if it should be. The rules are `ldap.disabled` and those of the preset.",
      fr: "Faites-le réactiver ou déverrouiller dans l'annuaire, s'il doit l'être. Les règles sont `ldap.disabled` et celles du modèle.",
    },
    commands: ["{environment}ldapsearch {options} -b {base} {filter} '*' +"],
  },
  passwordWrong: {
    id: "ldap-password-wrong",
    severity: "error",
    says: {
      en: "The entry of {user} was found, but the directory says that this password is wrong.",
      fr: "L'entrée de {user} a été trouvée, mais l'annuaire dit que ce mot de passe est incorrect.",
    },
    fix: {
      en: "Try the password with the mail. If it works there, mail and this directory do not have the same passwords.",
      fr: "Essayez ce mot de passe avec la messagerie. S'il y fonctionne, la messagerie et cet annuaire n'ont pas les mêmes mots de passe.",
    },
    commands: ["ldapwhoami -x -W -H {url} -D {entries}"],
  },
  passwordExpired: {
    id: "ldap-password-expired",
    severity: "error",
    says: {
      en: "The password of {user} is right, but has expired or must be changed first.",
      fr: "Le mot de passe de {user} est correct, mais il a expiré ou doit d'abord être changé.",
    },
    fix: {
      en: "Let the person change it as for the mail.",
      fr: "Faites-le changer par la personne, comme pour la messagerie.",
    },
  },
  bindRefused: {
    id: "ldap-bind-refused",
    severity: "error",
    says: {
      en: "The directory would not check the password of {user}: {reason}.",
      fr: "L'annuaire n'a pas voulu vérifier le mot de passe de {user} : {reason}.",
    },
    fix: {
      en: "Usually it wants TLS first, or allows no simple bind there: use ldaps://, or ask whoever runs it.",
      fr: "En général, il exige d'abord TLS, ou n'y permet pas de bind simple : utilisez ldaps://, ou demandez à qui le gère.",
    },
    commands: ["ldapwhoami -x -W -H {url} -D {entries}"],
  },
} as const satisfies Record<string, Kind>;
