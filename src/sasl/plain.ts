import { decodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import { checkAuthzid, claimedUser, type SaslContext, type SaslStep, type Turns } from "./exchange.ts";

/** PLAIN (RFC 4616): authorization name, user name and password in one message, separated by NUL. */
export class Plain implements Turns {
  user: string | undefined;
  readonly #context: SaslContext;

  constructor(context: SaslContext) {
    this.#context = context;
  }

  async next(response: Uint8Array): Promise<SaslStep> {
    const { accounts, attempts } = this.#context;
    const [authzid = "", authcid = "", password = ""] = split(decodeText(response));
    if (authcid === "") throw new SaslError("malformed-request", "The user name is missing");
    const user = claimedUser(authcid);
    this.user = user;
    if (authzid !== "") checkAuthzid(authzid, user, this.#context);
    if (password === "") throw new SaslError("not-authorized", "The password is empty");
    attempts?.admit(user);
    const right = await accounts.verify(user, password);
    attempts?.admit(user); // again: many guesses sent side by side must not outrun the limit
    if (!right) throw new SaslError("not-authorized");
    return { kind: "success", user, ...(authzid === "" ? {} : { authzid }) };
  }
}

function split(text: string): string[] {
  const parts = text.split("\0", 4);
  if (parts.length !== 3) throw new SaslError("malformed-request", "Two NUL separators are expected");
  return parts;
}
