import { type Command, done, stage } from "#features/adhoc/index.ts";
import { choice } from "#stanza/field.ts";
import { form } from "#stanza/form.ts";
import type { Choices } from "./choice.ts";

const node = "urn:parloir:strangers";

const asking = form(node, {
  title: { en: "Messages of strangers", fr: "Messages d'inconnus" },
  instructions: [
    {
      en: "People at other servers who are not among your contacts, and to whom you have not written.",
      fr: "Les personnes d'autres serveurs qui ne sont pas dans vos contacts et à qui vous n'avez pas écrit.",
    },
  ],
  fields: {
    choice: choice(
      { en: "Their messages are", fr: "Leurs messages sont" },
      {
        accept: { en: "accepted", fr: "acceptés" },
        hold: { en: "held until I accept them as a contact", fr: "mis en attente jusqu'à ce que je les accepte" },
        refuse: { en: "refused", fr: "refusés" },
      },
      { required: true },
    ),
  },
});

const chosen = { en: "This holds from now on.", fr: "C'est valable dès maintenant." };

/** The command by which somebody chooses. */
export function strangersCommand(choices: Choices): Command {
  return {
    node,
    name: { en: "Messages of strangers", fr: "Messages d'inconnus" },
    permits: ({ from, to }) => from.bare.equals(to),
    execute: async ({ from, lang }) =>
      stage(
        asking,
        { lang, values: { choice: await choices.choice(from.bare) } },
        {
          async complete({ choice: picked }) {
            if (picked !== undefined) await choices.choose(from.bare, picked);
            return done([], [{ type: "info", text: chosen }]);
          },
        },
      ),
  };
}
