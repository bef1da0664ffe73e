import { z } from "zod";
import { choice, count, duration, flag, section, size } from "#core/settings.ts";

const groups = (doc: string) => z.array(z.string()).default([]).describe(doc);

const permanentRoom = z.strictObject({
  room: z.string().min(1).describe("What stands before the @ of its address."),
  name: z.string().default("").describe("Its name for people; its address if left out."),
  description: z.string().default("").describe("What it is for."),
  owners: z.array(z.string()).default([]).describe("Logins or addresses of its owners."),
  "members-only": z.boolean().default(false).describe("Whether only its members enter."),
  "owner-groups": groups("Groups of the directory whose people are its owners."),
  "admin-groups": groups("Groups of the directory whose people are its administrators."),
  "member-groups": groups("Groups of the directory whose people are its members."),
});

/** A room that the configuration asks for. */
export type PermanentRoom = z.infer<typeof permanentRoom>;

export const settings = section({
  creation: choice(
    ["anyone", "local", "admins"],
    "local",
    "Who may open a room: anyone, accounts of this server, or admins.",
  ),
  admins: z.array(z.string()).default([]).describe("Logins or addresses of those who are owners of every room."),
  permanent: z
    .array(permanentRoom)
    .default([permanentRoom.parse({ room: "test" })])
    .describe("Rooms that are always there: made at each start, and nobody can destroy them."),
  grace: duration("5 minutes", "A room that is not persistent is destroyed when it has been empty for this long."),
  lock: duration("2 minutes", "A new room that nobody configures opens after this long, as it is."),
  tombstone: duration(
    "1 day",
    "For this long, those who enter a room that its owner has destroyed are told why it is gone.",
  ),
  tombstones: count(10_000, "So many destroyed rooms are remembered at most, the last ones; 0: any number."),
  resumption: duration(
    "5 minutes",
    "After a crash, clients that were in rooms stay in them for this long although they are not connected yet.",
  ),
  rooms: count(200, "Rooms that one account may own; 0: any number."),
  listed: count(200, "Rooms in the list of a client that cannot ask for it in pages; 0: all."),
  occupants: count(2000, "Occupants that a room may have at most."),
  affiliations: count(2000, "Owners, admins, members and banned people that one room may have together."),
  "look-alikes": flag(
    false,
    "Whether people of other domains are refused nicknames, and names of rooms, that look like the name or login of somebody of this one, or like another nickname in the room.",
  ),
  nickname: count(64, "Characters of a nickname."),
  sessions: flag(true, "Whether a person may be in a room with several clients under one nickname."),
  history: count(20, "Messages that a newcomer gets, unless the owner of the room says otherwise."),
  "history-limit": count(100, "Messages that the owner of a room can ask to be kept for newcomers."),
  size: size("64 KiB", "The largest message to a room."),
  "presence-size": size("8 KiB", "The largest presence in a room."),
  "vcard-size": size("256 KiB", "The largest vCard of a room, picture included."),
  rate: count(120, "Messages of one occupant to a room in a minute; 0: any number."),
  "room-rate": count(12_000, "Messages of all occupants to a room in a minute; 0: any number."),
  "presence-rate": count(
    60,
    "Presences, changes of name included, of one client to a room in a minute; 0: any number.",
  ),
  invitations: count(
    30,
    "Invitations of one account in a minute, and how often it changes what one other person is to rooms; 0: any number.",
  ),
  defaults: z
    .strictObject({
      persistent: z.boolean().default(false).describe("Whether a new room stays when it is empty."),
      public: z.boolean().default(true).describe("Whether a new room is in the list of rooms."),
      members: z.boolean().default(false).describe("Whether only members enter a new room."),
      moderated: z.boolean().default(false).describe("Whether only those with voice speak in a new room."),
      anonymous: z.boolean().default(true).describe("Whether only moderators see addresses in a new room."),
      subject: z.boolean().default(false).describe("Whether everybody may change the subject of a new room."),
      invites: z.boolean().default(true).describe("Whether members may invite others to a new room."),
      registration: z.boolean().default(true).describe("Whether people may register with a new room."),
      archive: z
        .boolean()
        .default(true)
        .describe("Whether what is said in a new room is archived, where `mam.keep-rooms` lets rooms be."),
      language: z.string().default("").describe("The language of a new room."),
    })
    .prefault({})
    .describe("What a new room is, until its owner changes it."),
});

export type MucSettings = ReturnType<(typeof settings)["parse"]>;
