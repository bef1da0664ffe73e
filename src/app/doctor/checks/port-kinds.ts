import type { Kind } from "../finding.ts";

/** What may be wrong with ports. */
export const portKinds = {
  taken: {
    id: "port-taken",
    severity: "error",
    says: {
      en: "Another program listens on {address} port {port}: the service cannot start.",
      fr: "Un autre programme écoute sur {address} port {port} : le service ne peut pas démarrer.",
    },
    fix: {
      en: "Find it and stop it, or choose another port in the configuration.",
      fr: "Trouvez-le et arrêtez-le, ou choisissez un autre port dans la configuration.",
    },
    commands: ["sudo ss -ltnp 'sport = :{port}'"],
  },
  privileged: {
    id: "port-privileged",
    severity: "error",
    says: {
      en: "This user may not listen on port {port}: ports below 1024 need a right of their own.",
      fr: "Cet utilisateur n'a pas le droit d'écouter sur le port {port} : les ports inférieurs à 1024 exigent un droit particulier.",
    },
    fix: {
      en: "With systemd, add AmbientCapabilities=CAP_NET_BIND_SERVICE under [Service]; otherwise allow low ports on this machine, or choose a port from 1024 on.",
      fr: "Avec systemd, ajoutez AmbientCapabilities=CAP_NET_BIND_SERVICE sous [Service] ; sinon, autorisez les petits ports sur cette machine, ou choisissez un port à partir de 1024.",
    },
    commands: ["sudo systemctl edit parloir", "sudo sysctl net.ipv4.ip_unprivileged_port_start={port}"],
  },
  noAddress: {
    id: "port-address-unknown",
    severity: "error",
    says: {
      en: "{address} is not an address of this machine: the service cannot listen there.",
      fr: "{address} n'est pas une adresse de cette machine : le service ne peut pas y écouter.",
    },
    fix: {
      en: "Correct `address` in the configuration; `::` is all addresses.",
      fr: "Corrigez `address` dans la configuration ; `::` désigne toutes les adresses.",
    },
    commands: ["ip -brief address"],
  },
  impossible: {
    id: "port-impossible",
    severity: "error",
    says: {
      en: "The service cannot listen on {address} port {port} ({code}).",
      fr: "Le service ne peut pas écouter sur {address} port {port} ({code}).",
    },
    fix: {
      en: "Correct `listen` in the configuration.",
      fr: "Corrigez `listen` dans la configuration.",
    },
    commands: ["ip -brief address"],
  },
  unopened: {
    id: "port-not-opened",
    severity: "warning",
    says: {
      en: "The service that runs does not listen on port {port} as the configuration says: it was started before that was changed, or with --port.",
      fr: "Le service qui tourne n'écoute pas sur le port {port} comme le dit la configuration : il a été démarré avant ce changement, ou avec --port.",
    },
    fix: { en: "Restart it.", fr: "Redémarrez-le." },
    commands: ["sudo systemctl restart parloir"],
  },
  silent: {
    id: "port-silent",
    severity: "error",
    says: {
      en: "The service says that it listens on port {port}, but {host} port {port} cannot be reached from this machine: {reason}.",
      fr: "Le service dit écouter sur le port {port}, mais {host} port {port} est inaccessible depuis cette machine : {reason}.",
    },
    fix: {
      en: "Look at the rules of the firewall, and at limits.connections: a full service closes further connections.",
      fr: "Regardez les règles du pare-feu, et limits.connections : un service plein ferme les connexions suivantes.",
    },
    commands: ["sudo nft list ruleset", "./parloir status"],
  },
  noStartTls: {
    id: "port-no-starttls",
    severity: "error",
    says: {
      en: "On port {port} a client of {face} gets no answer that it can use: {reason}.",
      fr: "Sur le port {port}, un client de {face} ne reçoit pas de réponse utilisable : {reason}.",
    },
    fix: {
      en: "Look at the log. If the domain was added since the service was started, restart it; a proxy in between must hand on TCP unchanged.",
      fr: "Regardez le journal. Si le domaine a été ajouté depuis le démarrage du service, redémarrez-le ; un mandataire intermédiaire doit transmettre TCP tel quel.",
    },
    commands: ["openssl s_client -connect {host}:{port} -starttls xmpp -xmpphost {face}"],
  },
  noTls: {
    id: "port-no-tls",
    severity: "error",
    says: {
      en: "On port {port} the encryption with a client of {face} fails: {reason}.",
      fr: "Sur le port {port}, le chiffrement avec un client de {face} échoue : {reason}.",
    },
    fix: {
      en: "Look at the log, and whether a proxy or firewall takes the connection apart.",
      fr: "Regardez le journal, et si un mandataire ou un pare-feu intercepte la connexion.",
    },
    commands: ["openssl s_client -connect {host}:{port} -servername {face}"],
  },
  alpn: {
    id: "port-no-alpn",
    severity: "warning",
    says: {
      en: "Port {port} answers TLS, but not for the protocol {alpn} (ALPN): something else may stand before the service.",
      fr: "Le port {port} répond en TLS, mais pas pour le protocole {alpn} (ALPN) : autre chose se trouve peut-être devant le service.",
    },
    fix: {
      en: "Let the proxy hand on TCP unchanged, or allow ALPN {alpn} there.",
      fr: "Faites que le mandataire transmette TCP tel quel, ou permettez-y ALPN {alpn}.",
    },
    commands: ["sudo ss -ltnp 'sport = :{port}'"],
  },
  otherCertificate: {
    id: "port-other-certificate",
    severity: "error",
    says: {
      en: "On port {port} the service shows for {face} another certificate than that of {file}: it could not use the new one, or something stands before it.",
      fr: "Sur le port {port}, le service présente pour {face} un autre certificat que celui de {file} : il n'a pas pu utiliser le nouveau, ou autre chose se trouve devant lui.",
    },
    fix: {
      en: "Let it read its files again, and look at what its log says then.",
      fr: "Faites-lui relire ses fichiers, et regardez ce qu'en dit son journal.",
    },
    commands: ["sudo systemctl reload parloir", "sudo journalctl -u parloir -n 20"],
  },
} as const satisfies Record<string, Kind>;
