import type { Kind } from "../finding.ts";
import { federationWayKinds } from "./federation-way-kinds.ts";

const add = {
  en: "Have these lines added to the zone. Where only people here talk to each other, `s2s: { policy: closed }` in the configuration says so.",
  fr: "Faites ajouter ces lignes à la zone. Si l'on ne se parle qu'entre personnes d'ici, dites-le dans la configuration : `s2s: { policy: closed }`.",
};
const commands = ["dig +short SRV _xmpp-server._tcp.{name}"];

/** What may be wrong with what this server needs to deal with others. */
export const federationKinds = {
  noPort: {
    id: "federation-no-port",
    severity: "hint",
    says: {
      en: "There is no port for other servers: people elsewhere cannot write to anybody here.",
      fr: "Il n'y a pas de port pour les autres serveurs : personne d'ailleurs ne peut écrire ici.",
    },
    fix: {
      en: "Add `{ protocol: s2s, port: 5269 }` to `listen`, or say that nobody should: `s2s: { policy: closed }`.",
      fr: "Ajoutez `{ protocol: s2s, port: 5269 }` à `listen`, ou dites que c'est voulu : `s2s: { policy: closed }`.",
    },
  },
  noRecords: {
    id: "federation-no-records",
    severity: "hint",
    says: {
      en: "The DNS does not lead servers of other institutions from {name} to this one: people there cannot write to addresses @{name}.",
      fr: "Le DNS ne mène pas les serveurs d'autres établissements de {name} à celui-ci : on ne peut pas y écrire à des adresses @{name}.",
    },
    fix: add,
    commands,
  },
  denied: {
    id: "federation-denied",
    severity: "warning",
    says: {
      en: "The service records of {name} tell other servers that there is no such service (target “.”).",
      fr: "Les enregistrements de service de {name} disent aux autres serveurs que ce service n'existe pas (cible « . »).",
    },
    fix: add,
    commands,
  },
  wrongPort: {
    id: "federation-wrong-port",
    severity: "warning",
    says: {
      en: "A service record of {name} sends other servers to port {port}, where this service has no {tls} port for servers (it has: {ports}).",
      fr: "Un enregistrement de service de {name} envoie les autres serveurs au port {port}, où ce service n'a pas d'écoute {tls} pour serveurs (il a : {ports}).",
    },
    fix: {
      en: "Correct the port in the record or in the configuration, unless a firewall translates it.",
      fr: "Corrigez le port dans l'enregistrement ou dans la configuration, sauf si un pare-feu le traduit.",
    },
    commands: [...commands, "dig +short SRV _xmpps-server._tcp.{name}"],
  },
  targetUnknown: {
    id: "federation-target-unknown",
    severity: "warning",
    says: {
      en: "The service record of {name} sends other servers to {target}, which has no address.",
      fr: "L'enregistrement de service de {name} envoie les autres serveurs à {target}, qui n'a pas d'adresse.",
    },
    fix: {
      en: "Correct the name in the record, or give {target} an address.",
      fr: "Corrigez le nom dans l'enregistrement, ou donnez une adresse à {target}.",
    },
    commands: ["dig +short {target}"],
  },
  targetElsewhere: {
    id: "federation-target-elsewhere",
    severity: "warning",
    says: {
      en: "The service record of {name} sends other servers to {target} ({addresses}), which is not this machine.",
      fr: "L'enregistrement de service de {name} envoie les autres serveurs à {target} ({addresses}), qui n'est pas cette machine.",
    },
    fix: {
      en: "If nothing there hands connections on to this machine, correct the record or the address.",
      fr: "Si rien là-bas ne transmet les connexions à cette machine, corrigez l'enregistrement ou l'adresse.",
    },
    commands: ["dig +short {target}", "ip -brief address"],
  },
  roomsCertificate: {
    id: "federation-rooms-certificate",
    severity: "warning",
    says: {
      en: "The certificate {file} does not name {names}: servers that insist on certificates let nobody into the rooms there.",
      fr: "Le certificat {file} ne nomme pas {names} : les serveurs qui exigent des certificats ne laissent personne entrer dans les salons.",
    },
    fix: {
      en: "Order it anew with these names, too (certbot: {options}).",
      fr: "Redemandez-le avec ces noms en plus (certbot : {options}).",
    },
    commands: ["openssl x509 -in {file} -noout -ext subjectAltName"],
  },
  notReached: {
    id: "federation-not-reached",
    severity: "hint",
    says: {
      en: "The service cannot reach itself as {domain} in the way that other servers do: {why}.",
      fr: "Le service n'arrive pas à se joindre lui-même comme {domain}, à la manière des autres serveurs : {why}.",
    },
    fix: {
      en: "Look at every step with the command below, the DNS and the firewall for port 5269 first. Some routers do not let a machine reach its own public address: then ask somebody elsewhere to write to you.",
      fr: "Regardez chaque étape avec la commande ci-dessous, d'abord le DNS et le pare-feu pour le port 5269. Certains routeurs ne laissent pas une machine joindre sa propre adresse publique : demandez alors à quelqu'un d'ailleurs de vous écrire.",
    },
    commands: ["./parloir federation explain {domain}{options}"],
  },
  ...federationWayKinds,
} as const satisfies Record<string, Kind>;
