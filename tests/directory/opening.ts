import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Ldap, type LdapOptions, openLdap } from "#adapters/ldap/ldap.ts";
import { ldapSection } from "#adapters/ldap/settings.ts";
import { type Fields, type Logger, silent } from "#core/log.ts";
import { read } from "#core/settings.ts";
import { SaslError } from "#sasl/error.ts";
import { noSlapd, type Slapd, startSlapd } from "#test/harness/slapd.ts";

/** What was logged, by level: `error: sentence`. */
export interface Journal extends Logger {
  readonly lines: string[];
}

export function journal(): Journal {
  const lines: string[] = [];
  const keep =
    (level: string) =>
    (sentence: string, fields: Fields = {}) => {
      lines.push(`${level}: ${sentence} ${JSON.stringify(fields)}`);
    };
  const logger: Journal = {
    lines,
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    child: () => logger,
  };
  return logger;
}

let files = 0;

/** Opens the adapter as a server would, by the settings of its section, over StartTLS unless they say otherwise. */
export async function open(
  slapd: Slapd,
  settings: Readonly<Record<string, unknown>> = {},
  options: Partial<LdapOptions> = {},
): Promise<Ldap> {
  const passwordFile = join(slapd.caFile, "..", `reader-${files++}`);
  writeFileSync(passwordFile, `${slapd.readerPassword}\n`, { mode: 0o600 });
  try {
    return await openLdap(
      read(
        ldapSection,
        {
          url: slapd.url,
          ca: slapd.caFile,
          "bind-dn": slapd.readerDn,
          "bind-password-file": passwordFile,
          hidden: ["employeeType=hidden"],
          ...settings,
        },
        "ldap",
      ),
      { domain: "obspm.example", log: silent, ...options },
    );
  } finally {
    rmSync(passwordFile);
  }
}

/** A test with a slapd of its own, skipped by name where there is none. */
export function directoryTest(name: string, run: (slapd: Slapd, context: TestContext) => Promise<void>): void {
  test(name, { skip: noSlapd ?? false }, async (context) => {
    const slapd = await startSlapd();
    try {
      await run(slapd, context);
    } finally {
      await slapd.close();
    }
  });
}

/** Opens the adapter for a while. */
export async function using(opening: Promise<Ldap>, run: (ldap: Ldap) => Promise<void>): Promise<void> {
  const ldap = await opening;
  try {
    await run(ldap);
  } finally {
    ldap.close();
  }
}

export function failure(condition: string) {
  return (error: unknown) => error instanceof SaslError && error.condition === condition;
}
