import { alias, domain, type Laboratory } from "../laboratory.ts";
import type { Fault } from "./fault.ts";

const own = "192.0.2.10";
const plain = `_xmpp-client._tcp.${domain}`;
const direct = `_xmpps-client._tcp.${domain}`;

function srv(name: string, port: number, target: string): string {
  return `${name}. 3600 IN SRV 5 0 ${port} ${target}.`;
}

/** Ports that are known when a test is written. */
function usualPorts({ settings, system }: Laboratory, ports: readonly [number, number]): void {
  settings.listen = [{ port: ports[0] }, { port: ports[1], tls: "direct" }];
  system.tryListening = async () => undefined;
}

/** All that the DNS says of service records, gone; ports as usual. */
function withoutRecords(laboratory: Laboratory, ports: readonly [number, number] = [5222, 5223]): void {
  usualPorts(laboratory, ports);
  for (const name of Object.keys(laboratory.zone.services)) delete laboratory.zone.services[name];
}

/** What the records of the domain lead to, instead of the alias, at the ports that there are. */
function leadTo({ zone, ports }: Laboratory, name: string): void {
  zone.services[plain] = [{ name, port: ports[0], priority: 5, weight: 0 }];
  zone.services[direct] = [{ name, port: ports[1], priority: 5, weight: 0 }];
}

export const dnsFaults: readonly Fault[] = [
  {
    finds: "dns-unreachable",
    set: "no answer, told of once",
    says: /does not answer \(ETIMEOUT\)/,
    fix: "/etc/resolv.conf",
    break: ({ zone }) => {
      for (const name of [plain, direct, domain, alias]) zone.broken.add(name);
    },
  },
  {
    finds: "dns-no-records",
    set: "a domain nobody knows",
    says: /no service record and no address for obspm\.example/,
    fix: srv(plain, 5222, alias),
    break: (laboratory) => {
      withoutRecords(laboratory);
      delete laboratory.zone.addresses[domain];
    },
  },
  {
    finds: "dns-no-records",
    set: "an alias nobody knows",
    says: /for jabber\.obspm\.example: clients/,
    fix: `${alias}. 3600 IN A ${own}`,
    also: ["dns-target-unknown"],
    break: (laboratory) => {
      delete laboratory.zone.addresses[alias];
      for (const service of ["_xmpp-client", "_xmpps-client"]) {
        delete laboratory.zone.services[`${service}._tcp.${alias}`];
      }
    },
  },
  {
    finds: "dns-domain-elsewhere",
    set: "the domain is the web server",
    says: /its address \(198\.51\.100\.7\) is another machine.*connect server/,
    fix: srv(direct, 5223, alias),
    break: (laboratory) => withoutRecords(laboratory),
  },
  {
    finds: "dns-no-service-records",
    set: "behind address translation",
    says: /cannot be told from here/,
    fix: srv(plain, 5222, alias),
    also: ["dns-no-service-records"],
    break: (laboratory) => {
      withoutRecords(laboratory);
      laboratory.system.addresses = () => ["127.0.0.1", "10.0.0.3"];
    },
  },
  {
    finds: "dns-port-unsaid",
    set: "another port that no record names",
    says: /leads here but has no service record, so clients try port 5222/,
    fix: srv(plain, 5000, alias),
    also: ["dns-port-unsaid"],
    break: (laboratory) => {
      withoutRecords(laboratory, [5000, 5001]);
      laboratory.zone.addresses[domain] = [own];
    },
  },
  {
    finds: "dns-service-denied",
    set: "records that say there is none",
    says: /say that there is no such service/,
    fix: ` ${alias}.`,
    break: (laboratory) => leadTo(laboratory, "."),
  },
  {
    finds: "dns-target-alias",
    set: "a record that leads to a CNAME",
    says: /chat\.obspm\.example, which is an alias \(CNAME\) of jabber\.obspm\.example.*RFC 2782/,
    fix: `chat.obspm.example. 3600 IN A ${own}`,
    break: (laboratory) => {
      laboratory.zone.aliases["chat.obspm.example"] = alias;
      leadTo(laboratory, "chat.obspm.example");
    },
  },
  {
    finds: "dns-target-unknown",
    set: "a record that leads nowhere",
    says: /leads to gone\.obspm\.example, which has no address/,
    fix: `gone.obspm.example. 3600 IN A ${own}`,
    break: (laboratory) => leadTo(laboratory, "gone.obspm.example"),
  },
  {
    finds: "dns-target-elsewhere",
    set: "a record that leads to the old server",
    says: /old\.obspm\.example \(198\.51\.100\.9\), which is not this machine/,
    fix: "dig +short old.obspm.example",
    break: (laboratory) => {
      laboratory.zone.addresses["old.obspm.example"] = ["198.51.100.9"];
      leadTo(laboratory, "old.obspm.example");
    },
  },
  {
    finds: "dns-wrong-port",
    set: "a record with another port",
    says: /names port 5269, where this service has no starttls listener/,
    fix: "Correct the port",
    break: ({ zone }) => {
      zone.services[plain] = [{ name: alias, port: 5269, priority: 5, weight: 0 }];
    },
  },
  {
    finds: "dns-no-direct-tls",
    set: "no record of direct TLS",
    says: /accepts direct TLS, but no record of obspm\.example/,
    fix: `${direct}. 3600 IN SRV 5 0 `,
    break: ({ zone }) => {
      delete zone.services[direct];
    },
  },
];
