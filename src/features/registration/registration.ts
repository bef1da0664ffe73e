import { z } from "zod";
import type { Feature } from "#core/feature.ts";
import { arriving } from "#core/packet.ts";
import { section } from "#core/settings.ts";
import { StanzaError } from "#stanza/error.ts";
import { isRequest } from "#stanza/stanza.ts";
import type { Text } from "#stanza/text.ts";
import { tag } from "#xml/element.ts";

export const query = tag("jabber:iq:register", "query");
const remove = tag("jabber:iq:register", "remove");
const password = tag("jabber:iq:register", "password");

const settings = section({
  url: z
    .union([z.literal(""), z.url({ protocol: /^https?$/ })])
    .default("")
    .describe("A web page of the institution about accounts and passwords, named to those who try to register."),
});

/** Why accounts are not made, changed or removed here; `url` is where they are, or "". */
export function refusal(url: string): { readonly register: StanzaError; readonly change: StanzaError } {
  return {
    register: new StanzaError("not-allowed", pointing(noRegistration, url)),
    change: new StanzaError("not-allowed", pointing(noChange, url)),
  };
}

/**
 * In-Band Registration (XEP-0077), refused: whoever tries to register is told that accounts come from the institution.
 * It is not advertised. Streams that are not authenticated yet are answered by c2s.
 */
export const registration: Feature<{ url: string }, ReturnType<typeof refusal>> = {
  name: "registration",
  xeps: [{ number: 77, version: "2.4", note: "refused with an explanation: accounts come from the institution" }],
  settings,
  setup(host, { url }) {
    const answers = refusal(url);
    // Not host.iq, which would advertise it. To a full JID it is between clients: not ours.
    host.on(arriving, "check", ({ stanza }) => {
      if (stanza.kind !== "iq" || !stanza.to.isBare || !isRequest(stanza)) return;
      const payload = stanza.payload;
      if (payload === undefined || !payload.is(query)) return;
      if (!stanza.to.isDomain && !stanza.to.equals(stanza.from.bare)) return;
      // §3.2, §3.3: removal and a new password of one's own account.
      const changes = stanza.type === "set" && (payload.child(remove) || payload.child(password));
      throw changes ? answers.change : answers.register;
    });
    return answers;
  },
};

function pointing(text: Text, url: string): Text {
  if (url === "") return text;
  return { en: `${text.en} See ${url}`, fr: `${text.fr} Voir ${url}` };
}

const noRegistration: Text = {
  en: "Accounts are not created here: yours comes from your institution. Log in with your usual login and password.",
  fr: "Les comptes ne se créent pas ici : le vôtre vient de votre établissement. Connectez-vous avec votre login et votre mot de passe habituels.",
};
const noChange: Text = {
  en: "Accounts and passwords are not changed here, but with your institution.",
  fr: "Les comptes et les mots de passe ne se modifient pas ici, mais auprès de votre établissement.",
};
