import { PasswordPolicyError, type ResultCodeError } from "ldapts";

/** What a bind with a person's password says. `refused`: the server would not even try, for a reason of its own. */
export type BindOutcome = "right" | "wrong" | "disabled" | "expired" | "refused";

/** The reasons of Active Directory, from the diagnostic message of invalidCredentials (`… data 52e, v1db1`). */
const activeDirectory: Readonly<Record<string, BindOutcome>> = {
  "525": "wrong", // no such user
  "52e": "wrong",
  "52f": "disabled", // account restrictions
  "530": "disabled", // not at this time
  "531": "disabled", // not at this place
  "532": "expired",
  "533": "disabled",
  "701": "disabled", // the account has expired
  "773": "expired", // the password must be changed first
  "775": "disabled", // locked
};

/** What a refused bind means; `policy` is the error of the password policy control, if the server sent one. */
export function outcomeOf(error: ResultCodeError, policy: number | undefined): BindOutcome {
  if (policy === PasswordPolicyError.AccountLocked) return "disabled";
  if (policy === PasswordPolicyError.PasswordExpired || policy === PasswordPolicyError.ChangeAfterReset)
    return "expired";
  switch (error.code) {
    case 49: // invalidCredentials
      return invalidCredentials(error.message);
    case 32: // noSuchObject: where the name comes from a template
    case 34: // invalidDNSyntax
    case 48: // inappropriateAuthentication: the entry has no password
      return "wrong";
    case 19: // constraintViolation: 389 Directory Server, after too many tries
      return "disabled";
    case 53: // unwillingToPerform: 389 Directory Server and FreeIPA, for nsAccountLock
      return /inactivated|locked/i.test(error.message) ? "disabled" : "refused";
    default:
      return "refused";
  }
}

function invalidCredentials(message: string): BindOutcome {
  const reason = /\bdata ([0-9a-f]{3,4})\b/i.exec(message)?.[1]?.toLowerCase();
  if (reason !== undefined) return activeDirectory[reason] ?? "wrong";
  return /password\s+(?:has\s+)?expired/i.test(message) ? "expired" : "wrong";
}
