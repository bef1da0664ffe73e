import { decodeText } from "./encoding.ts";
import { SaslError } from "./error.ts";
import { checkAuthzid, claimedUser, type SaslContext, type SaslStep, type Turns } from "./exchange.ts";
import { prepareUser } from "./prepare.ts";

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
    const name = this.#withoutDomain(authcid);
    this.user = accounts.identify ? prepareUser(name) : claimedUser(name);
    if (password === "") throw new SaslError("not-authorized", "The password is empty");
    attempts?.admit(this.user);
    const user = await this.#check(name, password);
    attempts?.admit(this.user); // again: many guesses sent side by side must not outrun the limit
    if (user === undefined) throw new SaslError("not-authorized");
    this.user = user;
    if (authzid !== "") checkAuthzid(authzid, user, this.#context);
    return { kind: "success", user, ...(authzid === "" ? {} : { authzid }) };
  }

  /** The user whose password it is. Guesses count for the account that a name means, however it is written. */
  async #check(name: string, password: string): Promise<string | undefined> {
    const { accounts, attempts } = this.#context;
    const { user } = this;
    if (accounts.identify === undefined) return (await accounts.verify(user!, password)) ? user : undefined;
    return accounts.identify(name, password, (meant) => {
      this.user = meant;
      attempts?.admit(meant);
    });
  }

  /** People write their whole address where a login is asked for. */
  #withoutDomain(name: string): string {
    const at = name.lastIndexOf("@");
    const { domain, aliases = [], accounts } = this.#context;
    const ours = at > 0 && [domain, ...aliases].includes(name.slice(at + 1).toLowerCase());
    return ours && accounts.identify === undefined ? name.slice(0, at) : name;
  }
}

function split(text: string): string[] {
  const parts = text.split("\0", 4);
  if (parts.length !== 3) throw new SaslError("malformed-request", "Two NUL separators are expected");
  return parts;
}
