import type { Check } from "./check.ts";
import { certificatesCheck } from "./checks/certificates.ts";
import { clockCheck } from "./checks/clock.ts";
import { configurationCheck } from "./checks/configuration.ts";
import { dataFolderCheck } from "./checks/data-folder.ts";
import { databaseCheck } from "./checks/database.ts";
import { dnsCheck } from "./checks/dns.ts";
import { federationCheck } from "./checks/federation.ts";
import { ldapCheck } from "./checks/ldap.ts";
import { machineCheck } from "./checks/machine.ts";
import { portsCheck } from "./checks/ports.ts";
import { serviceCheck } from "./checks/service.ts";

/** Everything that is looked at, in the order in which it is told. */
export const checks: readonly Check[] = [
  configurationCheck,
  serviceCheck,
  dataFolderCheck,
  databaseCheck,
  clockCheck,
  machineCheck,
  certificatesCheck,
  portsCheck,
  dnsCheck,
  federationCheck,
  ldapCheck,
];
