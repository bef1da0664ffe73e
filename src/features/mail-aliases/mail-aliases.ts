import { z } from "zod";
import type { Feature } from "#core/feature.ts";
import { arriving, sending } from "#core/packet.ts";
import { choice, count, duration, section } from "#core/settings.ts";
import { directoryVcards } from "#features/directory-vcards/index.ts";
import { roster } from "#features/roster/index.ts";
import { Aliases, resolving } from "./aliases.ts";
import { FromElsewhere } from "./from-elsewhere.ts";
import { FromHere } from "./from-here.ts";

const settings = section({
  published: choice(
    ["none", "mail"],
    "mail",
    "What people of other servers may write to beside logins: nothing, or exactly the e-mail addresses of the directory.",
  ),
  "mail-domains": z
    .array(z.string().toLowerCase())
    .default([])
    .describe("Domains of the institution's e-mail addresses, where they differ from this domain and its aliases."),
  "remote-rate": count(30, "Addresses of nobody that one other server may try in a minute; 0: any number."),
  remembered: count(5000, "Addresses whose meaning is kept in memory, those of nobody included."),
  patience: duration("3 s", "How long the directory is waited for."),
  example: z.string().default("pmartin").describe("What a login looks like, for the texts of errors."),
});

/**
 * Mail aliases: whoever writes to `first.last@`, or adds it to the contact list, reaches the account of that person, by
 * what the institution's directory knows. An address beside the accounts is one of an account that does not exist
 * (RFC 6121 §8.5.1), unless the directory knows better; answers come from the account.
 */
export const mailAliases: Feature<ReturnType<(typeof settings)["parse"]>> = {
  name: "mail-aliases",
  xeps: [],
  settings,
  setup(host, values) {
    const here = new FromHere(host, host.use(roster), values.example);
    // On hosts without a directory too: their people write to those of the others.
    host.on(sending, "check", (packet) => here.take(packet));
    const cards = host.use(directoryVcards);
    if (host.people === undefined || cards === undefined) return;
    const aliases = new Aliases(host, host.people, cards, {
      mailDomains: values["mail-domains"],
      remembered: values.remembered,
      patienceMs: values.patience,
    });
    host.on(resolving, "amend", (question) => {
      const meaning = aliases.meaning(question.local);
      if (!(meaning instanceof Promise)) question.meaning = meaning;
      else
        return meaning.then((later) => {
          question.meaning = later;
        });
    });
    if (values.published === "none") return;
    const elsewhere = new FromElsewhere(host, aliases, values["remote-rate"]);
    host.on(arriving, "check", (packet) => elsewhere.take(packet));
  },
};
