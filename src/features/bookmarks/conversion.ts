import { Jid } from "#jid/jid.ts";
import { type Element, type Tag, tag } from "#xml/element.ts";

/** The namespace, and node, of XEP-0402. */
export const native = "urn:xmpp:bookmarks:1";
/** The namespace, and node, of XEP-0048. */
export const listed = "storage:bookmarks";

/** All bookmarks in one element (XEP-0048 §2). */
export const storage: Tag = tag(listed, "storage");
const listedConference = tag(listed, "conference");
const nativeConference = tag(native, "conference");
const extensions = tag(native, "extensions");

/** What both forms have in common, by the names of the elements. */
const details = ["nick", "password"] as const;

/** A bookmark as an item of XEP-0402: the room's address is the item's id. */
export interface Bookmark {
  readonly id: string;
  readonly payload: Element;
}

/** Whether this is a bookmark of XEP-0402. */
export function isNative(payload: Element | undefined): payload is Element {
  return payload?.is(nativeConference) ?? false;
}

/** A bookmark as the older forms have it (XEP-0402 §5.1: the address is inside). */
export function toListed({ id, payload }: Bookmark): Element {
  const { name, autojoin } = payload.attrs;
  return listedConference({ jid: id, name, autojoin }, ...common(payload, native, listed));
}

/**
 * The bookmarks in a list of the older forms, each room once, by address; what is no room is left out. Details that
 * only XEP-0402 has are kept from `before`.
 */
export function toNative(list: Element, before: ReadonlyMap<string, Element>): Map<string, Element> {
  const found = new Map<string, Element>();
  for (const conference of list.all(listedConference)) {
    const id = Jid.tryParse(conference.attrs.jid)?.bare.toString();
    if (id === undefined) continue;
    const { name, autojoin } = conference.attrs;
    const more = before.get(id)?.all(extensions) ?? [];
    found.set(id, nativeConference({ name, autojoin }, ...common(conference, listed, native), ...more));
  }
  return found;
}

function common(element: Element, from: string, to: string): Element[] {
  return details.flatMap((name) => {
    const text = element.child(tag(from, name))?.text ?? "";
    return text === "" ? [] : [tag(to, name)({}, text)];
  });
}
