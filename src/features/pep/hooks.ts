import { type Hook, hook } from "#core/hooks.ts";
import type { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";

/** An item of an account is on disk, or where its node keeps none, only announced. `payload` is undefined if it has none. */
export const published: Hook<{
  readonly account: Jid;
  readonly node: string;
  readonly id: string;
  readonly payload: Element | undefined;
  /** Whether a client asked for it, rather than a feature of the server. */
  readonly byClient: boolean;
}> = hook("pep published");

/** Items of an account are gone; undefined stands for all of the node. */
export const retracted: Hook<{
  readonly account: Jid;
  readonly node: string;
  readonly id: string | undefined;
}> = hook("pep retracted");
