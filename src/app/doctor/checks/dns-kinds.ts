import type { Kind } from "../finding.ts";

const add = {
  en: "Have these lines added to the zone; then nobody needs “connect server”.",
  fr: "Faites ajouter ces lignes à la zone ; plus personne n'aura alors besoin du « serveur de connexion ».",
};

/** What may be wrong in the DNS. */
export const dnsKinds = {
  unreachable: {
    id: "dns-unreachable",
    severity: "warning",
    says: {
      en: "The DNS does not answer ({reason}): its records were not checked.",
      fr: "Le DNS ne répond pas ({reason}) : ses enregistrements n'ont pas été vérifiés.",
    },
    fix: {
      en: "Look at the DNS servers of this machine, then run this command again.",
      fr: "Regardez les serveurs DNS de cette machine, puis relancez cette commande.",
    },
    commands: ["cat /etc/resolv.conf", "resolvectl status"],
  },
  nothing: {
    id: "dns-no-records",
    severity: "error",
    says: {
      en: "The DNS has no service record and no address for {name}: clients that only know an address @{name} find no server.",
      fr: "Le DNS n'a ni enregistrement de service ni adresse pour {name} : les clients qui ne connaissent qu'une adresse @{name} ne trouvent pas de serveur.",
    },
    fix: add,
    commands: ["dig +short SRV _xmpp-client._tcp.{name}"],
  },
  elsewhere: {
    id: "dns-domain-elsewhere",
    severity: "error",
    says: {
      en: "{name} has no service record, and its address ({addresses}) is another machine, such as the web server: clients go there, unless each person enters this server as “connect server”.",
      fr: "{name} n'a pas d'enregistrement de service, et son adresse ({addresses}) est une autre machine, par exemple le serveur web : les clients y vont, sauf si chacun saisit ce serveur comme « serveur de connexion ».",
    },
    fix: add,
    commands: ["dig +short SRV _xmpp-client._tcp.{name}", "dig +short {name}"],
  },
  noRecords: {
    id: "dns-no-service-records",
    severity: "hint",
    says: {
      en: "{name} has no service record. Its address is {addresses}; whether that leads to this machine cannot be told from here, which has no public address.",
      fr: "{name} n'a pas d'enregistrement de service. Son adresse est {addresses} ; on ne peut pas savoir d'ici si elle mène à cette machine, qui n'a pas d'adresse publique.",
    },
    fix: add,
    commands: ["dig +short SRV _xmpp-client._tcp.{name}"],
  },
  noPort: {
    id: "dns-port-unsaid",
    severity: "error",
    says: {
      en: "{name} leads here but has no service record, so clients try port 5222, where this service does not accept STARTTLS.",
      fr: "{name} mène ici mais n'a pas d'enregistrement de service : les clients essaient donc le port 5222, où ce service n'accepte pas STARTTLS.",
    },
    fix: {
      en: "Add the lines to the zone, or a listener on port 5222 to the configuration.",
      fr: "Ajoutez ces lignes à la zone, ou une écoute sur le port 5222 à la configuration.",
    },
    commands: ["dig +short SRV _xmpp-client._tcp.{name}"],
  },
  denied: {
    id: "dns-service-denied",
    severity: "error",
    says: {
      en: "The service records of {name} say that there is no such service (target “.”): clients do not even try.",
      fr: "Les enregistrements de service de {name} disent que ce service n'existe pas (cible « . ») : les clients n'essaient même pas.",
    },
    fix: {
      en: "Replace those records by these lines.",
      fr: "Remplacez ces enregistrements par ces lignes.",
    },
    commands: ["dig +short SRV _xmpp-client._tcp.{name}"],
  },
  targetAlias: {
    id: "dns-target-alias",
    severity: "error",
    says: {
      en: "The service record of {name} leads to {target}, which is an alias (CNAME) of {alias}. RFC 2782 forbids that, and some clients fail.",
      fr: "L'enregistrement de service de {name} mène à {target}, qui est un alias (CNAME) de {alias}. La RFC 2782 l'interdit, et certains clients échouent.",
    },
    fix: {
      en: "Let the record lead to {alias}, or replace the CNAME of {target} by addresses, as below.",
      fr: "Faites mener l'enregistrement à {alias}, ou remplacez le CNAME de {target} par des adresses, comme ci-dessous.",
    },
    commands: ["dig +short CNAME {target}"],
  },
  targetUnknown: {
    id: "dns-target-unknown",
    severity: "error",
    says: {
      en: "The service record of {name} leads to {target}, which has no address.",
      fr: "L'enregistrement de service de {name} mène à {target}, qui n'a pas d'adresse.",
    },
    fix: {
      en: "Correct the name in the record, or give {target} an address.",
      fr: "Corrigez le nom dans l'enregistrement, ou donnez une adresse à {target}.",
    },
    commands: ["dig +short {target}"],
  },
  targetElsewhere: {
    id: "dns-target-elsewhere",
    severity: "warning",
    says: {
      en: "The service record of {name} leads to {target} ({addresses}), which is not this machine.",
      fr: "L'enregistrement de service de {name} mène à {target} ({addresses}), qui n'est pas cette machine.",
    },
    fix: {
      en: "If nothing there hands connections on to this machine, correct the record or the address.",
      fr: "Si rien là-bas ne transmet les connexions à cette machine, corrigez l'enregistrement ou l'adresse.",
    },
    commands: ["dig +short {target}", "ip -brief address"],
  },
  wrongPort: {
    id: "dns-wrong-port",
    severity: "warning",
    says: {
      en: "A service record of {name} names port {port}, where this service has no {tls} listener (it has: {ports}).",
      fr: "Un enregistrement de service de {name} indique le port {port}, où ce service n'a pas d'écoute {tls} (il a : {ports}).",
    },
    fix: {
      en: "Correct the port in the record or in the configuration, unless a firewall translates it.",
      fr: "Corrigez le port dans l'enregistrement ou dans la configuration, sauf si un pare-feu le traduit.",
    },
    commands: ["dig +short SRV _xmpp-client._tcp.{name}", "dig +short SRV _xmpps-client._tcp.{name}"],
  },
  noDirect: {
    id: "dns-no-direct-tls",
    severity: "hint",
    says: {
      en: "The service accepts direct TLS, but no record of {name} says so: it passes firewalls more easily and connects faster.",
      fr: "Le service accepte le TLS direct, mais aucun enregistrement de {name} ne le dit : il passe mieux les pare-feu et se connecte plus vite.",
    },
    fix: { en: "Have this line added to the zone.", fr: "Faites ajouter cette ligne à la zone." },
    commands: ["dig +short SRV _xmpps-client._tcp.{name}"],
  },
} as const satisfies Record<string, Kind>;
