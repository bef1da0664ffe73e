import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before } from "node:test";
import { type RunningService, startService } from "#test/harness/service.ts";
import { type Slapd, type SlapdOptions, startSlapd } from "#test/harness/slapd.ts";
import { compileClient, PurpleClient, type PurpleOptions } from "#test/interop/purple/client.ts";
import { missingPackages } from "../../tools/test/packages.ts";
import { type Login, type Refusal, type SlixmppClient, SlixmppProcess } from "./slixmpp.ts";

export const domain = "obspm.example";
export const alias = "jabber.obspm.example";

export interface InstituteOptions {
  /** Further settings of the section `ldap`. */
  readonly ldap?: Readonly<Record<string, unknown>>;
  /** Further sections, or others. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly slapd?: SlapdOptions;
  /** Whether the directory may be searched by anybody, so that no account for searching is configured. */
  readonly open?: boolean;
  /** LDAPS instead of StartTLS. */
  readonly ldaps?: boolean;
}

/** Our whole service with a real directory, in processes of their own, and real clients to log in with. */
export interface Institute {
  readonly slapd: Slapd;
  readonly service: RunningService;
  readonly slixmpp: SlixmppProcess;
  /** A libpurple client of somebody: `pmartin`, or with a domain. */
  purple(who: string, options?: Partial<PurpleOptions>): PurpleClient;
  /** Logs in with slixmpp: `pmartin`, or with a domain; the password is right unless another is given. */
  logIn(who: string, login?: Partial<Login>): Promise<SlixmppClient>;
  refused(who: string, login?: Partial<Login>): Promise<Refusal>;
  close(): Promise<void>;
}

/** A reason to skip the tests of a file whose packages are not installed; false if all are. */
export function lacking(file: string): string | false {
  const missing = missingPackages(file);
  return missing.length > 0 && `packages are missing: ${missing.join(", ")}`;
}

/** The institute for the tests of one file, started before them and ended after them, unless they are skipped. */
export function instituteFor(file: string, options: InstituteOptions = {}): () => Institute {
  let made: Institute | undefined;
  before(async () => {
    if (lacking(file) === false) made = await startInstitute(options);
  });
  after(() => made?.close());
  return () => made!;
}

export async function startInstitute(options: InstituteOptions = {}): Promise<Institute> {
  const ends: (() => unknown)[] = [];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return { ...(await opened(options, ends)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function opened(options: InstituteOptions, ends: (() => unknown)[]): Promise<Omit<Institute, "close">> {
  const folder = mkdtempSync(join(tmpdir(), "institute-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const slapd = await startSlapd(options.open ? { ...options.slapd, database: readable } : options.slapd);
  ends.push(() => slapd.close());
  const where = { url: options.ldaps ? slapd.ldapsUrl : slapd.url, ca: slapd.caFile };
  const ldap = { ...where, ...(options.open ? {} : searching(slapd)), ...options.ldap };
  const settings = { domains: [{ name: domain, aliases: [alias] }], ldap, ...options.settings };
  const service = await startService({ domains: [domain], settings });
  ends.push(() => service.stop());
  const slixmpp = new SlixmppProcess();
  ends.push(() => slixmpp.stop());
  const login = (who: string, given: Partial<Login> = {}): Login => {
    const account = who.includes("@") ? who : `${who}@${domain}`;
    return { service, account, password: `pass-${nameOf(who)}`, domain, ...given };
  };
  let program: string | undefined;
  return {
    slapd,
    service,
    slixmpp,
    purple(who, given = {}) {
      program ??= compileClient(folder);
      const address = `${who.includes("@") ? who : `${who}@${domain}`}/pidgin`;
      const accepted = service.certificate(domain);
      const client = new PurpleClient(program, {
        service,
        password: `pass-${nameOf(who)}`,
        accepted,
        ...given,
        address,
      });
      ends.push(() => client.stop());
      return client;
    },
    logIn: (who, given) => slixmpp.logIn(login(who, given)),
    refused: (who, given) => slixmpp.refused(login(who, given)),
  };
}

function nameOf(who: string): string {
  return who.replace(/@.*$/, "");
}

/** What most institutions configure: an account that may search. */
function searching(slapd: Slapd): object {
  const passwordFile = join(dirname(slapd.caFile), "reader-password");
  writeFileSync(passwordFile, `${slapd.readerPassword}\n`, { mode: 0o600 });
  return {
    "bind-dn": slapd.readerDn,
    "bind-password-file": passwordFile,
    hidden: ["employeeType=hidden"],
  };
}

/** Goes before the fixture's own rules. */
const readable = `
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`;
