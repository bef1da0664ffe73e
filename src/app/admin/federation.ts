import { z } from "zod";
import type { Correspondence, Explanation } from "#core/federation.ts";
import { Jid, JidError } from "#jid/jid.ts";
import { type Administration, CommandError, command, type Running } from "./command.ts";

export const federationList = command({
  name: "federation list",
  summary: "Lists the domains that the service exchanges messages with, and those it cannot reach.",
  changes: false,
  arguments: z.strictObject({}),
  async run(administration): Promise<readonly Correspondence[]> {
    return runningOf(administration).federation();
  },
});

export const federationExplain = command({
  name: "federation explain",
  summary: "Goes all the way to another domain, and says which step fails.",
  changes: false,
  arguments: z.strictObject({ domain: z.string().max(1024), from: z.string().max(1024).optional() }),
  async run(administration, { domain, from }): Promise<Explanation> {
    const running = runningOf(administration);
    const remote = prepared(domain);
    const { domains } = administration;
    const own = domains.includes(remote) ? remote : domains[0]!;
    return running.explain(from === undefined ? own : prepared(from), remote);
  },
});

/** @throws CommandError not-running */
function runningOf({ running }: Administration): Running {
  if (running === undefined) throw new CommandError("not-running", "the service is not running");
  return running;
}

/** @throws CommandError usage */
function prepared(text: string): string {
  try {
    const jid = Jid.parse(text);
    if (jid.isDomain) return jid.domain;
  } catch (problem) {
    if (!(problem instanceof JidError)) throw problem;
  }
  throw new CommandError("usage", `${text}: expected a domain, such as example.org`);
}
