import type { Explanation } from "#core/federation.ts";
import type { Assembly } from "../assemble.ts";
import { CommandError } from "./command.ts";

/** Goes the way from a domain of ours to another one. @throws CommandError */
export async function explained({ server }: Assembly, local: string, domain: string): Promise<Explanation> {
  const { router, faces } = server;
  if (!router.hosts.has(faces.domain(local)))
    throw new CommandError("not-found", `${local} is not a domain of this server`);
  if (router.federation === undefined) throw new CommandError("refused", "this server exchanges nothing with others");
  return router.federation.explain(local, domain);
}
