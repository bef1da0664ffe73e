import type { Group } from "#core/people.ts";

/** A group of a test, from the logins of its members. */
export function group(name: string, ...members: string[]): Group {
  return { id: `cn=${name.toLowerCase()}`, name, members: new Set(members) };
}

/** The people of a small institute. */
export const persons = [
  { user: "romeo", displayName: "Roméo Montaigu" },
  { user: "juliet", displayName: "Juliette Capulet" },
  { user: "nurse", displayName: "Nourrice" },
  { user: "tybalt", displayName: "Tybalt" },
  { user: "ghost", displayName: "Ghost", hidden: true },
];

/** The options of a scenario at an institute that shows its groups. */
export function showing<People>(people: People, settings: object = {}) {
  return {
    people: { "example.com": people },
    settings: { groups: { enabled: true, ...settings } },
    skipOn: ["prosody"],
    why: "the groups of a directory",
  };
}

export const rosterGet = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";

/** The answer to `rosterGet`, with the items given. */
export function rosterIs(...items: string[]): string {
  return `<iq type='result' id='r'><query xmlns='jabber:iq:roster'>${items.join("")}</query></iq>`;
}

/** A roster push of one item. */
export function push(item: string): string {
  return `<iq type='set'><query xmlns='jabber:iq:roster'>${item}</query></iq>`;
}
