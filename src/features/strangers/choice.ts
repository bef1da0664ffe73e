import type { Jid } from "#jid/jid.ts";

/** What happens to messages of strangers. */
export const choices = ["accept", "hold", "refuse"] as const;
export type Choice = (typeof choices)[number];

/** Where the choice of each account is kept. */
export interface Choices {
  choice(account: Jid): Promise<Choice>;
  choose(account: Jid, chosen: Choice): Promise<void>;
}
