import { chmodSync, writeFileSync } from "node:fs";
import { selfSigned } from "#adapters/tcp/self-signed.ts";
import { Authority } from "#test/harness/authority.ts";
import { alias, domain } from "../laboratory.ts";
import type { Fault } from "./fault.ts";

const names = [domain, alias];
const certbot = `certbot certonly --manual --preferred-challenges dns -d ${domain} -d ${alias}`;

export const certificateFaults: readonly Fault[] = [
  {
    finds: "certificate-unreadable",
    set: "DER instead of PEM",
    says: /no certificate in PEM form/,
    fix: "openssl x509 -inform DER",
    break: ({ certificate }) => writeFileSync(certificate, Buffer.from([0x30, 0x82, 0x01])),
  },
  {
    finds: "certificate-key-unreadable",
    set: "a key with a passphrase",
    says: /no private key.*passphrase/,
    fix: "openssl pkey -in",
    break: ({ key }) =>
      writeFileSync(key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n"),
  },
  {
    finds: "certificate-key-mismatch",
    set: "the key of another certificate",
    says: /is not the one of the certificate/,
    fix: "openssl pkey -in",
    async break({ intermediate, key }) {
      writeFileSync(key, (await intermediate.issue({ names })).key);
    },
  },
  {
    finds: "certificate-key-open",
    set: "a key that all may read",
    says: /Everybody on this machine may read/,
    fix: "chmod o= ",
    break: ({ key }) => chmodSync(key, 0o644),
  },
  {
    finds: "certificate-chain-order",
    set: "the intermediate first",
    says: /not in order/,
    fix: "fullchain.pem",
    async break(laboratory) {
      const issued = await laboratory.intermediate.issue({ names });
      const { certificate } = laboratory.intermediate;
      laboratory.certify({ ...issued, certificate: `${certificate}${issued.certificate}` }, []);
    },
  },
  {
    finds: "certificate-chain-incomplete",
    set: "no intermediate",
    says: /the certificate of CN=Intermediate is missing/,
    fix: "fullchain.pem, not cert.pem",
    async break(laboratory) {
      laboratory.certify(await laboratory.intermediate.issue({ names }), []);
    },
  },
  {
    finds: "certificate-chain-expired",
    set: "an old intermediate",
    says: /intermediate certificate of CN=Former has expired/,
    fix: "the authority gives now",
    async break(laboratory) {
      const former = await Authority.make("Former", laboratory.root, { until: -1 });
      laboratory.certify(await former.issue({ names }), [former.certificate]);
    },
  },
  {
    finds: "certificate-private-authority",
    set: "an authority of one's own",
    says: /\(CN=Own\) is not one that computers trust/,
    fix: "update-ca-certificates",
    async break(laboratory) {
      const own = await Authority.make("Own");
      laboratory.certify(await own.issue({ names }), [own.certificate]);
    },
  },
  {
    finds: "certificate-self-signed",
    set: "self-signed",
    says: /self-signed: clients ask/,
    fix: certbot,
    async break(laboratory) {
      laboratory.certify(await selfSigned({ names }), []);
    },
  },
  {
    finds: "certificate-self-signed",
    set: "made by the service",
    says: /certificates\/obspm\.example\.crt/,
    fix: certbot,
    runs: true,
    break: ({ settings }) => {
      settings.domains = [{ name: domain, aliases: [alias] }];
    },
  },
  ...(
    [
      ["certificate-expired", "yesterday's", -1.5, /expired on \d{4}-/],
      ["certificate-expires-in-a-day", "hours left", 0.5, /within a day/],
      ["certificate-expires-in-a-week", "six days left", 6.5, /in 6 days/],
      ["certificate-expires-in-three-weeks", "twenty days left", 20.5, /in 20 days/],
    ] as const
  ).map(
    ([finds, set, until, says]): Fault => ({
      finds,
      set,
      says,
      fix: "certbot renew",
      async break(laboratory) {
        laboratory.certify(await laboratory.intermediate.issue({ names, from: -69, until }));
      },
    }),
  ),
  {
    finds: "certificate-not-yet-valid",
    set: "tomorrow's",
    says: /valid from .* by the clock of this machine/,
    fix: "Look at the clock first",
    async break(laboratory) {
      laboratory.certify(await laboratory.intermediate.issue({ names, from: 1 }));
    },
  },
  {
    finds: "certificate-domain-missing",
    set: "only the server's name",
    says: /does not name obspm\.example, the domain of the accounts/,
    fix: certbot,
    async break(laboratory) {
      laboratory.certify(await laboratory.intermediate.issue({ names: [alias] }));
    },
  },
  {
    finds: "certificate-alias-missing",
    set: "only the domain",
    says: /does not name jabber\.obspm\.example, an alias.*connect server/,
    fix: certbot,
    async break(laboratory) {
      laboratory.certify(await laboratory.intermediate.issue({ names: [domain] }));
    },
  },
  {
    finds: "certificate-weak-key",
    set: "1024 bits",
    says: /only 1024 bits/,
    fix: "openssl genpkey",
    async break(laboratory) {
      laboratory.certify(await laboratory.intermediate.issue({ names, bits: 1024 }));
    },
  },
  {
    finds: "certificate-weak-signature",
    set: "SHA-1",
    says: /is signed with .*SHA1/i,
    fix: "SHA-256 or better",
    async break(laboratory) {
      const old = await Authority.make("Old", laboratory.root, { hash: "SHA-1" });
      laboratory.certify(await old.issue({ names }), [old.certificate]);
    },
  },
];
