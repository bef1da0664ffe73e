import { isEmpty } from "./admin/users.ts";
import type { Configuration } from "./configuration.ts";
import { demoPasswords, randomPassword } from "./passwords.ts";
import type { Service } from "./service.ts";

/** An account and the password to tell. */
export interface Told {
  readonly account: string;
  /** Undefined where somebody has changed it. */
  readonly password: string | undefined;
}

/** The people of the demo. */
const people = ["romeo", "juliet", "nurse", "mercutio", "benvolio"];

/** Where nobody has an account yet, makes the administrator's. Undefined if there are accounts already. */
export async function firstAccount(service: Service): Promise<Told | undefined> {
  const { administration } = service;
  const [domain] = administration.domains;
  if (domain === undefined || service.authenticator(domain).admin === undefined) return undefined;
  if (!(await isEmpty(administration, domain))) return undefined;
  const password = randomPassword();
  await administration.accounts(domain).create("admin", password);
  return { account: `admin@${domain}`, password };
}

/** The demo accounts of the first domain, made where they are missing. */
export async function demoAccounts(service: Service, { data, domains }: Configuration): Promise<Told[]> {
  const domain = domains[0]!.name;
  const accounts = service.administration.accounts(domain);
  const source = service.authenticator(domain);
  const passwordOf = demoPasswords(data);
  const told: Told[] = [];
  for (const name of people) {
    const password = passwordOf(name);
    if (!(await source.exists(name))) await accounts.create(name, password);
    told.push({ account: `${name}@${domain}`, password: (await source.verify(name, password)) ? password : undefined });
  }
  return told;
}
