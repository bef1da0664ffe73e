import { Jid } from "#jid/jid.ts";
import type { Stanza } from "#stanza/stanza.ts";
import { type Element, tag } from "#xml/element.ts";

const mucUser = tag("http://jabber.org/protocol/muc#user", "x");
const invite = tag("http://jabber.org/protocol/muc#user", "invite");

/** Whether a message asks a room to invite somebody (XEP-0045 §7.8.2). */
export function invites({ kind, element }: Stanza): boolean {
  return kind === "message" && element.child(mucUser)?.child(invite) !== undefined;
}

/** The same with the accounts that are meant in the place of their aliases. */
export async function readdressed(element: Element, accountOf: (address: Jid) => Promise<Jid>): Promise<Element> {
  const x = element.child(mucUser)!;
  const children = await Promise.all(
    x.children.map(async (child) => {
      if (typeof child === "string" || !child.is(invite)) return child;
      const address = Jid.tryParse(child.attrs.to); // what is none the room will refuse
      return address === undefined ? child : child.with({ to: (await accountOf(address)).toString() });
    }),
  );
  return element.holding(...element.children.map((child) => (child === x ? x.holding(...children) : child)));
}
