import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Configuration } from "../configuration.ts";

/** The certificate of one domain and its aliases, as the service would use it. */
export interface CertificateOfDomain {
  readonly domain: string;
  readonly aliases: readonly string[];
  readonly certificate: string;
  readonly key: string;
}

/** Where the certificate of each domain is; not those that the service has yet to make. */
export function certificatesOf({ domains, data }: Configuration): CertificateOfDomain[] {
  return domains.flatMap(({ name, aliases, certificate, key }) => {
    if (certificate !== undefined && key !== undefined) return [{ domain: name, aliases, certificate, key }];
    const own = join(data, "certificates", name);
    const made = { domain: name, aliases, certificate: `${own}.crt`, key: `${own}.key` };
    return existsSync(made.certificate) ? [made] : [];
  });
}
