import { flushCompileCache } from "node:module";
import { background } from "#core/log.ts";
import type { Configuration } from "../configuration.ts";
import { demoAccounts, firstAccount } from "../first-run.ts";
import { demoNotice, firstAccountNotice, type Greeting, howTo, summary } from "../greeting.ts";
import { createLog, type Log } from "../log.ts";
import { Service } from "../service.ts";
import { readVersion } from "../version.ts";
import { configurationOf, repeated, type StartOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** After this long without an end, a graceful stop is given up. */
const stopMs = 20_000;

/** `parloir start`: resolves when the service has stopped. */
export async function start(terminal: Terminal, options: StartOptions): Promise<void> {
  const configuration = configurationOf(options);
  const log = createLog(configuration.log);
  const version = readVersion();
  const service = await Service.start({ configuration, log, version });
  log.info("service started", { version, domains: configuration.domains.map(({ name }) => name) });
  const command = { name: "./parloir", options: repeated(options) };
  const stopped = untilStopped(service, log, () => configurationOf(options));
  try {
    await greet(terminal, options, { service, configuration, version, command });
    flushCompileCache(); // for the next start, however this one ends
  } catch (error) {
    await service.stop();
    throw error;
  }
  await stopped;
}

async function greet(terminal: Terminal, options: StartOptions, greeting: Greeting): Promise<void> {
  const { service, configuration } = greeting;
  terminal.output.write(summary(greeting));
  const domain = configuration.domains[0]!.name;
  const first = options.guide === true ? await firstAccount(service) : undefined;
  if (first !== undefined) terminal.output.write(firstAccountNotice(first, greeting));
  const demo = options.demo === true ? await demoAccounts(service, configuration) : [];
  if (demo.length > 0) terminal.output.write(demoNotice(demo));
  const example = demo[0]?.account ?? `admin@${domain}`;
  if (options.guide === true || options.demo === true) terminal.output.write(howTo(greeting, example));
}

/** Waits for SIGINT or SIGTERM, stops the service; a second signal ends the process at once. SIGHUP reloads. */
async function untilStopped(service: Service, log: Log, configuration: () => Configuration): Promise<void> {
  const asked = Promise.withResolvers<string>();
  let signals = 0;
  const stop = (signal: string) => {
    signals++;
    if (signals > 1) process.exit(1);
    asked.resolve(signal);
  };
  const reload = () => background(log, reloaded(service, log, configuration), "reload failed");
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", reload);
  process.once("uncaughtException", (cause) => {
    log.error("an error in the program: the service stops", { cause });
    process.exit(1);
  });
  log.info("stopping", { signal: await asked.promise });
  const late = setTimeout(() => {
    log.error("the service did not stop in time");
    process.exit(1);
  }, stopMs);
  await service.stop();
  clearTimeout(late);
  process.off("SIGHUP", reload);
  log.info("stopped");
}

async function reloaded(service: Service, log: Log, configuration: () => Configuration): Promise<void> {
  try {
    await service.reload(configuration());
    log.info("certificates and log level reloaded");
  } catch (error) {
    log.error("not reloaded: the configuration has errors", { problem: (error as Error).message });
  }
}
