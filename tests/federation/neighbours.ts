import { existsSync, globSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "#test/harness/client.ts";
import { type EjabberdOptions, ejabberdAt } from "#test/harness/federation/ejabberd.ts";
import type { Institution } from "#test/harness/federation/institution.ts";
import { LoopbackInternet, type Place } from "#test/harness/federation/internet.ts";
import { type Parloir, type ParloirOptions, parloirAt } from "#test/harness/federation/parloir.ts";
import { type ProsodyOptions, prosodyAt } from "#test/harness/federation/prosody.ts";
import { mismatch, pattern } from "#test/harness/match.ts";
import type { Element } from "#xml/element.ts";

/** Why tests with these programs cannot run here, or false: what `skip` takes. */
export function lacking(...packages: readonly ("dnsmasq-base" | "ejabberd" | "prosody")[]): string | false {
  const files = { "dnsmasq-base": "/usr/sbin/dnsmasq", prosody: "/usr/bin/prosody", ejabberd: "/usr/lib/*/ejabberd-*" };
  const missing = packages.filter((name) => !existsSync(files[name]) && globSync(files[name]).length === 0);
  return missing.length === 0 ? false : `Debian's packages are not installed: ${missing.join(", ")}`;
}

export interface Cast {
  readonly internet: LoopbackInternet;
  readonly places: Readonly<Record<"ours" | "prosody" | "ejabberd", Place>>;
  readonly ours: Parloir;
  readonly prosody: Institution;
  readonly ejabberd: Institution;
}

export interface CastOptions {
  readonly ours?: ParloirOptions;
  readonly prosody?: ProsodyOptions;
  readonly ejabberd?: Partial<EjabberdOptions>;
}

/** What ends when a test or a suite ends. */
export interface Ending {
  after(run: () => Promise<void>): unknown;
}

/** Accounts at ejabberd, which makes them when it starts. */
const accounts = ["juliet", "nurse", "rosaline", "tybalt", "paris", "lady", "peter", "sampson"];

/** Our service, Prosody and ejabberd: three institutions that know each other from the DNS alone. */
export async function neighbourhood(ending: Ending, options: CastOptions = {}): Promise<Cast> {
  const internet = await LoopbackInternet.open(ending);
  const places = {
    ours: await internet.place("ours.example", { aliases: options.ours?.aliases ?? [] }),
    prosody: await internet.place("prosody.example"),
    ejabberd: await internet.place("ejabberd.example"),
  };
  await internet.resolves();
  const started: Institution[] = [];
  ending.after(async () => void (await Promise.all(started.map((one) => one.kill()))));
  const note = <One extends Institution>(one: One): One => {
    started.push(one);
    return one;
  };
  const [ours, prosody, ejabberd] = await Promise.all([
    parloirAt(internet.premises(places.ours), options.ours).then(note),
    prosodyAt(internet.premises(places.prosody), options.prosody).then(note),
    ejabberdAt(internet.premises(places.ejabberd), { accounts, ...options.ejabberd }).then(note),
  ]);
  return { internet, places, ours, prosody, ejabberd };
}

/** The next stanza that fits; others are passed over. */
export async function awaits(client: Client, text: string): Promise<Element> {
  const expected = pattern(text);
  for (;;) {
    const element = await client.next(text);
    if (mismatch(expected, element) === undefined) return element;
  }
}

/** Both see each other's presence from now on. */
export async function befriend(one: Client, other: Client): Promise<void> {
  const [first, second] = [one.jid.bare, other.jid.bare];
  await one.sends(`<presence to='${second}' type='subscribe'/>`);
  await awaits(other, `<presence from='${first}' type='subscribe'/>`);
  await other.sends(`<presence to='${first}' type='subscribed'/>`);
  await awaits(one, `<presence from='${other}'/>`);
  await other.sends(`<presence to='${first}' type='subscribe'/>`);
  await awaits(one, `<presence from='${second}' type='subscribe'/>`);
  await one.sends(`<presence to='${second}' type='subscribed'/>`);
  await awaits(other, `<presence from='${one}'/>`);
}

/** Tries again until it comes true; fails with `what` after ten seconds. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in ten seconds: ${what}`);
    await sleep(50);
  }
}
