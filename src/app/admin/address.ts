import { Jid, JidError } from "#jid/jid.ts";
import { type Administration, CommandError } from "./command.ts";

/**
 * The account an operator means: "romeo@example.com", or "romeo" where there is one domain.
 * @throws CommandError usage
 */
export function accountOf({ domains }: Pick<Administration, "domains">, text: string): Jid {
  const [only] = domains;
  const full = text.includes("@") ? text : `${text}@${only}`;
  if (full !== text && domains.length > 1) {
    throw new CommandError("usage", `which domain? Write ${text}@${only} (domains here: ${domains.join(", ")})`);
  }
  const jid = parse(full);
  if (!domains.includes(jid.domain)) {
    throw new CommandError("usage", `${jid.domain} is not a domain of this server (${domains.join(", ")})`);
  }
  if (jid.local === "" || !jid.isBare) throw new CommandError("usage", `${full}: expected name@domain`);
  return jid;
}

function parse(text: string): Jid {
  try {
    return Jid.parse(text);
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
    throw new CommandError("usage", `${text}: ${error.message}`);
  }
}
