import type { Host } from "#core/host.ts";
import { SettingsError } from "#core/settings.ts";
import { Jid, JidError } from "#jid/jid.ts";

/** The account of a login of the domain beside the service, or of a whole address. @throws SettingsError */
export function addressOf(host: Host, text: string): Jid {
  return checked(text, () => (text.includes("@") ? Jid.parse(text).bare : Jid.of(text, (host.parent ?? host).domain)));
}

/** The address of a room that the configuration asks for. @throws SettingsError */
export function permanentJid(host: Host, local: string): Jid {
  return checked(local, () => Jid.of(local, host.domain));
}

function checked(text: string, read: () => Jid): Jid {
  try {
    return read();
  } catch (problem) {
    if (!(problem instanceof JidError)) throw problem;
    throw new SettingsError(`muc: “${text}” cannot be an address: ${problem.message}`);
  }
}
