import type { Jid } from "#jid/jid.ts";
import { StanzaError } from "#stanza/error.ts";
import { addresses, choice, choices, count, type Field, flag, line, secret } from "#stanza/field.ts";
import { type Form, form, type Values } from "#stanza/form.ts";
import type { MucSettings } from "./settings.ts";

const roles = {
  moderator: { en: "Moderators", fr: "Modérateurs" },
  participant: { en: "Participants", fr: "Participants" },
  visitor: { en: "Visitors", fr: "Visiteurs" },
} as const;

export type VisibleRole = keyof typeof roles;

/** What owners decide about a room (XEP-0045 §16.5.3). */
export interface Config {
  readonly name: string;
  readonly description: string;
  readonly language: string;
  readonly persistent: boolean;
  readonly public: boolean;
  readonly members: boolean;
  readonly moderated: boolean;
  /** "" where none is needed. */
  readonly password: string;
  /** Who sees the real addresses of occupants. */
  readonly whois: "anyone" | "moderators";
  /** Whether those who are not moderators may change the subject. */
  readonly subject: boolean;
  /** Whether members may invite to a members-only room, and anybody to another. */
  readonly invites: boolean;
  /** Who may send private messages. */
  readonly privacy: "anyone" | "participants" | "moderators" | "none";
  /** 0: as many as the service allows. */
  readonly occupants: number;
  readonly history: number;
  /** Whose presence is told to others. */
  readonly broadcast: readonly VisibleRole[];
  /** Who may read the list of members. */
  readonly memberList: readonly VisibleRole[];
  /** Whether what is said can be read later. */
  readonly archive: boolean;
  readonly registration: boolean;
  /** Whether admins decide who registers (§9.9). */
  readonly approval: boolean;
  /** Seconds that people wait between two messages; 0: none. */
  readonly slow: number;
}

/** A new room (§10.1.2). */
export function defaultConfig({ defaults, history }: MucSettings): Config {
  return {
    name: "",
    description: "",
    language: defaults.language,
    persistent: defaults.persistent,
    public: defaults.public,
    members: defaults.members,
    moderated: defaults.moderated,
    password: "",
    whois: defaults.anonymous ? "moderators" : "anyone",
    subject: defaults.subject,
    invites: defaults.invites,
    privacy: "anyone",
    occupants: 0,
    history,
    broadcast: ["moderator", "participant", "visitor"],
    memberList: ["moderator"],
    archive: defaults.archive,
    registration: defaults.registration,
    approval: false,
    slow: 0,
  };
}

/** Some clients send "none" for no limit, as in the examples of §10.1.3. */
function limitOrNone(field: Field<number>): Field<number> {
  return {
    ...field,
    read: (values, label) => field.read(values[0] === "none" || values[0] === "" ? ["0"] : values, label),
  };
}

function fieldsOf(settings: MucSettings) {
  return {
    "muc#roomconfig_roomname": line({ en: "Name of the room", fr: "Nom du salon" }, { longest: 256 }),
    "muc#roomconfig_roomdesc": line({ en: "What the room is for", fr: "À quoi sert le salon" }, { longest: 1024 }),
    "muc#roomconfig_lang": line(
      { en: "Language of the discussions (such as en or fr)", fr: "Langue des discussions (par exemple fr ou en)" },
      { longest: 35 },
    ),
    "muc#roomconfig_persistentroom": flag({
      en: "Keep the room when nobody is in it",
      fr: "Conserver le salon quand personne n'y est",
    }),
    "muc#roomconfig_publicroom": flag({ en: "Show in the list of rooms", fr: "Afficher dans la liste des salons" }),
    "muc#roomconfig_membersonly": flag({ en: "Only members may enter", fr: "Réserver l'entrée aux membres" }),
    "muc#roomconfig_passwordprotectedroom": flag({
      en: "A password is needed to enter",
      fr: "Un mot de passe est nécessaire pour entrer",
    }),
    "muc#roomconfig_roomsecret": secret({ en: "Password of the room", fr: "Mot de passe du salon" }, { longest: 256 }),
    "muc#roomconfig_moderatedroom": flag({
      en: "Newcomers may only read until a moderator gives them voice",
      fr: "Les nouveaux venus ne peuvent que lire tant qu'un modérateur ne leur donne pas la parole",
    }),
    "muc#roomconfig_whois": choice(
      { en: "Who sees the real addresses of occupants", fr: "Qui voit les adresses réelles des occupants" },
      { moderators: { en: "Moderators", fr: "Les modérateurs" }, anyone: { en: "Everybody", fr: "Tout le monde" } },
    ),
    "muc#roomconfig_changesubject": flag({
      en: "Everybody may change the subject",
      fr: "Tout le monde peut changer le sujet",
    }),
    "muc#roomconfig_allowinvites": flag({
      en: "Occupants and members may invite others",
      fr: "Les occupants et les membres peuvent inviter",
    }),
    "muc#roomconfig_allowpm": choice(
      { en: "Who may send private messages", fr: "Qui peut envoyer des messages privés" },
      {
        anyone: { en: "Everybody", fr: "Tout le monde" },
        participants: { en: "Those who may speak", fr: "Ceux qui ont la parole" },
        moderators: { en: "Moderators", fr: "Les modérateurs" },
        none: { en: "Nobody", fr: "Personne" },
      },
    ),
    "muc#roomconfig_maxusers": limitOrNone(
      count(
        { en: "Most occupants (0: no limit)", fr: "Nombre maximal d'occupants (0 : sans limite)" },
        { least: 0, most: settings.occupants },
      ),
    ),
    "muc#maxhistoryfetch": count(
      { en: "Messages that a newcomer gets", fr: "Messages que reçoit un nouveau venu" },
      { least: 0, most: settings["history-limit"] },
    ),
    "muc#roomconfig_presencebroadcast": choices(
      { en: "Whose presence is shown", fr: "De qui la présence est affichée" },
      roles,
    ),
    "muc#roomconfig_getmemberlist": choices(
      { en: "Who may read the list of members", fr: "Qui peut lire la liste des membres" },
      roles,
    ),
    "muc#roomconfig_enablelogging": flag({
      en: "Discussions are recorded: those who may enter can read them later",
      fr: "Les discussions sont enregistrées : ceux qui peuvent entrer peuvent les lire plus tard",
    }),
    "x-muc#roomconfig_registration": flag({
      en: "People may register as members",
      fr: "Chacun peut s'inscrire comme membre",
    }),
    "x-muc#roomconfig_approval": flag({
      en: "Administrators decide who registers",
      fr: "Les administrateurs décident des inscriptions",
    }),
    "muc#roomconfig_slow_mode_duration": count(
      {
        en: "Seconds to wait between two messages (0: none)",
        fr: "Secondes d'attente entre deux messages (0 : aucune)",
      },
      { least: 0, most: 86_400 },
    ),
    "muc#roomconfig_roomadmins": addresses(
      { en: "Administrators of the room", fr: "Administrateurs du salon" },
      { most: settings.affiliations },
    ),
    "muc#roomconfig_roomowners": addresses(
      { en: "Owners of the room", fr: "Propriétaires du salon" },
      { most: settings.affiliations },
    ),
  } as const;
}

type Shape = ReturnType<typeof fieldsOf>;
export type ConfigForm = Form<Shape>;
export type ConfigValues = Values<Shape>;

/** The form that owners fill in (§10.1.3, §10.2). */
export function configForm(settings: MucSettings): ConfigForm {
  return form("http://jabber.org/protocol/muc#roomconfig", {
    title: { en: "Configuration of the room", fr: "Configuration du salon" },
    instructions: [
      {
        en: "Leave everything as it is to open the room at once.",
        fr: "Laissez tout en l'état pour ouvrir le salon immédiatement.",
      },
    ],
    fields: fieldsOf(settings),
  });
}

/** What the form shows. */
export function formValues(config: Config, people: { owners: readonly Jid[]; admins: readonly Jid[] }): ConfigValues {
  return {
    "muc#roomconfig_roomname": config.name,
    "muc#roomconfig_roomdesc": config.description,
    "muc#roomconfig_lang": config.language,
    "muc#roomconfig_persistentroom": config.persistent,
    "muc#roomconfig_publicroom": config.public,
    "muc#roomconfig_membersonly": config.members,
    "muc#roomconfig_passwordprotectedroom": config.password !== "",
    "muc#roomconfig_roomsecret": config.password,
    "muc#roomconfig_moderatedroom": config.moderated,
    "muc#roomconfig_whois": config.whois,
    "muc#roomconfig_changesubject": config.subject,
    "muc#roomconfig_allowinvites": config.invites,
    "muc#roomconfig_allowpm": config.privacy,
    "muc#roomconfig_maxusers": config.occupants,
    "muc#maxhistoryfetch": config.history,
    "muc#roomconfig_presencebroadcast": config.broadcast,
    "muc#roomconfig_getmemberlist": config.memberList,
    "muc#roomconfig_enablelogging": config.archive,
    "x-muc#roomconfig_registration": config.registration,
    "x-muc#roomconfig_approval": config.approval,
    "muc#roomconfig_slow_mode_duration": config.slow,
    "muc#roomconfig_roomadmins": people.admins,
    "muc#roomconfig_roomowners": people.owners,
  };
}

/**
 * The configuration with what was submitted; what was left out stays.
 * @throws StanzaError `not-acceptable` where a password is wanted and none is given (§10.1.3)
 */
export function changedConfig(config: Config, submitted: Partial<ConfigValues>): Config {
  return {
    name: submitted["muc#roomconfig_roomname"]?.trim() ?? config.name,
    description: submitted["muc#roomconfig_roomdesc"] ?? config.description,
    language: submitted["muc#roomconfig_lang"] ?? config.language,
    persistent: submitted["muc#roomconfig_persistentroom"] ?? config.persistent,
    public: submitted["muc#roomconfig_publicroom"] ?? config.public,
    members: submitted["muc#roomconfig_membersonly"] ?? config.members,
    moderated: submitted["muc#roomconfig_moderatedroom"] ?? config.moderated,
    password: changedPassword(config, submitted),
    whois: submitted["muc#roomconfig_whois"] ?? config.whois,
    subject: submitted["muc#roomconfig_changesubject"] ?? config.subject,
    invites: submitted["muc#roomconfig_allowinvites"] ?? config.invites,
    privacy: submitted["muc#roomconfig_allowpm"] ?? config.privacy,
    occupants: submitted["muc#roomconfig_maxusers"] ?? config.occupants,
    history: submitted["muc#maxhistoryfetch"] ?? config.history,
    broadcast: submitted["muc#roomconfig_presencebroadcast"] ?? config.broadcast,
    memberList: submitted["muc#roomconfig_getmemberlist"] ?? config.memberList,
    archive: submitted["muc#roomconfig_enablelogging"] ?? config.archive,
    registration: submitted["x-muc#roomconfig_registration"] ?? config.registration,
    approval: submitted["x-muc#roomconfig_approval"] ?? config.approval,
    slow: submitted["muc#roomconfig_slow_mode_duration"] ?? config.slow,
  };
}

function changedPassword(config: Config, submitted: Partial<ConfigValues>): string {
  const wanted = submitted["muc#roomconfig_passwordprotectedroom"] ?? config.password !== "";
  if (!wanted) return "";
  const password = submitted["muc#roomconfig_roomsecret"] ?? config.password;
  if (password === "") throw new StanzaError("not-acceptable", passwordMissing);
  return password;
}

const passwordMissing = {
  en: "A room that is protected by a password needs one.",
  fr: "Un salon protégé par un mot de passe doit en avoir un.",
};
