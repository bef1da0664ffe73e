import { adhoc, type Call, type Caller, type Command, done, failed, type Step, stage } from "#features/adhoc/index.ts";
import { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { address, choice, line, refused } from "#stanza/field.ts";
import { form, report } from "#stanza/form.ts";
import type { Text } from "#stanza/text.ts";
import { atLeast } from "./affiliations.ts";
import { type Hat, hatsNamespace } from "./hats.ts";
import { deleteHat, deleteHats, deleteWorn, putHat, putWorn, readHats } from "./hats-store.ts";
import { building, destroying } from "./hooks.ts";
import { notify } from "./owner.ts";
import { announce } from "./presences.ts";
import type { Room } from "./room.ts";
import type { RoomService } from "./service.ts";

const formType = "urn:xmpp:hats:commands";
const node = (what: string) => `${formType}:${what}`;

/** Hats of one room; of those, how many one person may wear; and people with hats in one room. */
const most = { hats: 50, each: 10, worn: 1000 } as const;
const longest = { title: 64, uri: 256, lang: 35 } as const;

const labels = {
  title: { en: "Title of the hat", fr: "Intitulé de la fonction" },
  uri: { en: "Address of the hat (URI)", fr: "Adresse de la fonction (URI)" },
  hue: { en: "Colour (angle from 0 to 360)", fr: "Couleur (angle de 0 à 360)" },
  person: { en: "Address of the person", fr: "Adresse de la personne" },
  hat: { en: "Hat", fr: "Fonction" },
} as const;

const creation = form(formType, {
  title: { en: "New hat", fr: "Nouvelle fonction" },
  instructions: [
    {
      en: "A hat is shown beside the name of those who wear it. The same address changes a hat.",
      fr: "Une fonction s'affiche à côté du nom de ceux qui l'exercent. La même adresse la modifie.",
    },
  ],
  fields: {
    "hats#title": line(labels.title, { required: true, longest: longest.title }),
    "hats#uri": line(labels.uri, { required: true, longest: longest.uri }),
    "hats#hue": line(labels.hue, { longest: 20 }),
  },
});

/** Hats (XEP-0317): what people are in a room, shown beside their names; admins of the room make and give them. */
export async function wearHats(service: RoomService): Promise<void> {
  const { host, rooms, store } = service;
  const { hats, worn } = await readHats(host.db, host.domain);
  for (const { room, ...hat } of hats) rooms.get(Jid.parse(room))?.hats.put(hat);
  for (const { room, jid, uri } of worn) {
    const owner = rooms.get(Jid.parse(room));
    if (owner?.hats.get(uri) !== undefined) owner.hats.wear(jid, uri);
  }
  host.offer(hatsNamespace, "account");
  host.on(building, "amend", ({ room, occupant, payloads }) => {
    const element = room.hats.element(occupant.account);
    if (element !== undefined) payloads.push(element);
  });
  host.on(destroying, "record", ({ room }) => store.later(...deleteHats(room.jid.toString())));
  const commands = host.use(adhoc);
  for (const one of hatCommands(service)) commands.offer(host, "account", one);
}

/** The account is gone: who gets its name next has no hats. */
export async function takeHats(service: RoomService, room: Room, jid: Jid): Promise<void> {
  const person = jid.toString();
  const own = room.hats.of(jid);
  if (own.length === 0) return;
  await service.store.now(...own.map(({ uri }) => deleteWorn(room.jid.toString(), person, uri)));
  for (const { uri } of own) room.hats.takeOff(person, uri);
}

function hatCommands(service: RoomService): Command[] {
  const by = (name: Text, what: string, run: (room: Room, call: Call) => Step): Command => ({
    node: node(what),
    name,
    permits: (caller) => atLeast(roomOf(service, caller).affiliationOf(caller.from), "admin"),
    execute: (call) => run(roomOf(service, call), call),
  });
  return [
    by({ en: "Make a hat", fr: "Créer une fonction" }, "create", (room, call) => create(service, room, call)),
    by({ en: "Remove a hat", fr: "Supprimer une fonction" }, "destroy", (room, call) => destroy(service, room, call)),
    by({ en: "Give somebody a hat", fr: "Attribuer une fonction" }, "assign", (room, call) =>
      give(service, room, call, true),
    ),
    by({ en: "Take a hat from somebody", fr: "Retirer une fonction" }, "unassign", (room, call) =>
      give(service, room, call, false),
    ),
    by({ en: "Who wears which hat", fr: "Qui exerce quelle fonction" }, "list-assigned", listAssigned),
    {
      node: node("list"),
      name: { en: "Hats of the room", fr: "Fonctions du salon" },
      permits: (caller) => roomOf(service, caller).isKnownTo(caller.from),
      execute: (call) => listHats(roomOf(service, call), call),
    },
  ];
}

/** @throws StanzaError `item-not-found` */
function roomOf({ rooms }: RoomService, { to, from }: Caller): Room {
  const room = rooms.existing(to, from);
  if (room.locked) throw new StanzaError("item-not-found");
  return room;
}

/** §3.2. */
function create(service: RoomService, room: Room, { lang = "" }: Call): Step {
  return stage(
    creation,
    { lang },
    {
      complete: async (values) => {
        const hat: Hat = {
          uri: readUri(values["hats#uri"] ?? ""),
          title: values["hats#title"]!.trim(),
          hue: readHue(values["hats#hue"] ?? ""),
          lang: lang.length > longest.lang ? "" : lang,
        };
        await change(service, room, async (key) => {
          if (room.hats.get(hat.uri) === undefined && room.hats.all.length >= most.hats) {
            throw new StanzaError("resource-constraint", tooMany);
          }
          await service.store.now(putHat(key, hat));
          room.hats.put(hat);
          return room.hats.wearers(hat.uri).map(({ jid }) => jid);
        });
        return done();
      },
    },
  );
}

/** §3.3: who wore it wears it no more. */
function destroy(service: RoomService, room: Room, { lang }: Call): Step {
  if (room.hats.all.length === 0) return failed(noHats);
  const removal = form(formType, {
    title: { en: "Remove a hat", fr: "Supprimer une fonction" },
    fields: { "hats#uri": choice(labels.hat, optionsOf(room), { required: true }) },
  });
  return stage(
    removal,
    { lang },
    {
      complete: async ({ "hats#uri": uri }) => {
        await change(service, room, async (key) => {
          if (room.hats.get(uri!) === undefined) throw new StanzaError("item-not-found", noSuchHat);
          const wearers = room.hats.wearers(uri).map(({ jid }) => jid);
          await service.store.now(...deleteHat(key, uri!));
          room.hats.remove(uri!);
          return wearers;
        });
        return done();
      },
    },
  );
}

/** §3.5, §3.6. */
function give(service: RoomService, room: Room, { lang }: Call, on: boolean): Step {
  if (room.hats.all.length === 0) return failed(noHats);
  const gift = form(formType, {
    title: on
      ? { en: "Give somebody a hat", fr: "Attribuer une fonction" }
      : { en: "Take a hat from somebody", fr: "Retirer une fonction" },
    fields: {
      "hats#jid": address(labels.person, { required: true }),
      "hats#uri": choice(labels.hat, optionsOf(room), { required: true }),
    },
  });
  return stage(
    gift,
    { lang },
    {
      complete: async ({ "hats#jid": person, "hats#uri": uri }) => {
        const jid = person!.bare.toString();
        await change(service, room, async (key) => {
          if (on) await put(service, room, { key, jid, uri: uri! });
          else await take(service, room, { key, jid, uri: uri! });
          return [jid];
        });
        return done();
      },
    },
  );
}

interface Gift {
  /** Of the room. */
  readonly key: string;
  readonly jid: string;
  readonly uri: string;
}

async function put({ store }: RoomService, { hats }: Room, { key, jid, uri }: Gift): Promise<void> {
  if (hats.get(uri) === undefined) throw new StanzaError("item-not-found", noSuchHat);
  const worn = hats.wearers();
  const full = worn.length >= most.worn || worn.filter((one) => one.jid === jid).length >= most.each;
  if (full && !hats.wears(jid, uri)) throw new StanzaError("resource-constraint", tooMany);
  await store.now(putWorn(key, jid, uri));
  hats.wear(jid, uri);
}

async function take({ store }: RoomService, { hats }: Room, { key, jid, uri }: Gift): Promise<void> {
  if (!hats.wears(jid, uri)) throw new StanzaError("item-not-found", notWorn);
  await store.now(deleteWorn(key, jid, uri));
  hats.takeOff(jid, uri);
}

/** §3.4. */
function listHats(room: Room, { lang }: Caller): Step {
  const rows = room.hats.all.map(({ title, uri, hue }) => ({ "hats#title": title, "hats#uri": uri, "hats#hue": hue }));
  const { title, uri, hue } = labels;
  return done([
    report({ "hats#title": { label: title }, "hats#uri": { label: uri }, "hats#hue": { label: hue } }, rows, lang),
  ]);
}

/** §3.7. */
function listAssigned(room: Room, { lang }: Caller): Step {
  const rows = room.hats.wearers().map(({ jid, hat }) => ({
    "hats#jid": jid,
    "hats#uri": hat.uri,
    "hats#title": hat.title,
    "hats#hue": hat.hue,
  }));
  const { person, title, uri, hue } = labels;
  const columns = {
    "hats#jid": { label: person },
    "hats#uri": { label: uri },
    "hats#title": { label: title },
    "hats#hue": { label: hue },
  };
  return done([report(columns, rows, lang)]);
}

/** Changes in turn with others; those whose hats are others are shown anew, and all learn of it (§3.2). */
function change(service: RoomService, room: Room, work: (key: string) => Promise<readonly string[]>): Promise<void> {
  return room.change(async () => {
    if (room.destroyed) throw new StanzaError("item-not-found");
    const touched = new Set(await work(room.jid.toString()));
    for (const occupant of [...room.occupants.all()]) {
      if (touched.has(occupant.account.toString())) announce(service.host, room, occupant);
    }
    notify(service, room, [104]);
  });
}

function optionsOf(room: Room): Record<string, Text> {
  return Object.fromEntries(room.hats.all.map(({ uri, title }) => [uri, { en: title, fr: title }]));
}

function readUri(text: string): string {
  if (/^[A-Za-z][A-Za-z\d+.-]*:\S+$/.test(text)) return text;
  throw refused(labels.uri, {
    en: "must be an address such as https://example.com/hats#teacher",
    fr: "doit être une adresse telle que https://example.com/hats#teacher",
  });
}

function readHue(text: string): string {
  if (text === "" || (/^\d{1,3}(?:\.\d+)?$/.test(text) && Number(text) <= 360)) return text;
  throw refused(labels.hue, { en: "must be a number from 0 to 360", fr: "doit être un nombre de 0 à 360" });
}

const noHats = {
  en: "This room has no hats yet. Make one first.",
  fr: "Ce salon n'a pas encore de fonctions. Créez-en une d'abord.",
};
const noSuchHat = { en: "The room does not have this hat any more.", fr: "Le salon n'a plus cette fonction." };
const notWorn = { en: "This person does not wear this hat.", fr: "Cette personne n'exerce pas cette fonction." };
const tooMany = {
  en: "There are too many hats already. Remove one first.",
  fr: "Il y a déjà trop de fonctions. Supprimez-en une d'abord.",
};
