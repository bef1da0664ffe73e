import { z } from "zod";
import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import { DirectoryError, type People, type Person } from "#core/people.ts";
import { count, duration, section, size } from "#core/settings.ts";
import { presence } from "#features/presence/index.ts";
import { type Sourcing, sourcing, vcard } from "#features/vcard/index.ts";
import { Jid } from "#jid/jid.ts";
import type { Element } from "#xml/element.ts";
import { fieldsOf, photoField } from "./card.ts";
import { Remembered } from "./remembered.ts";

const settings = section({
  editable: z
    .array(z.string().regex(/^[A-Z-]{1,20}$/, "expected the name of a vCard field, such as NICKNAME"))
    .default(["PHOTO", "NICKNAME", "DESC", "URL"])
    .describe("Fields of a vCard that people write themselves; where they did, it goes before the directory."),
  "photo-size": size("128 KiB", "The largest photo that is taken from the directory; larger ones are left out."),
  photos: size("16 MiB", "Memory for photos of the directory."),
  people: count(5000, "People of the directory whose data are kept in memory."),
  patience: duration("3 s", "How long the directory is waited for before the card is shown without it."),
});

type CardSettings = ReturnType<(typeof settings)["parse"]>;

/** What other features may ask. */
export interface DirectoryCards {
  /** What the directory knows of a login, mostly from memory. @throws DirectoryError */
  person(user: string): Person | undefined | Promise<Person | undefined>;
}

/**
 * vCards (vcard-temp, XEP-0054) from the institution's directory: people see each other's name, e-mail, phones, unit,
 * room and photo without anybody having typed them in.
 */
export const directoryVcards: Feature<CardSettings, DirectoryCards | undefined> = {
  name: "directory-vcards",
  xeps: [],
  settings,
  setup(host, values) {
    if (host.people === undefined) return undefined;
    const cards = new Cards(host, host.people, values);
    host.on(sourcing, "amend", (event) => cards.source(event));
    return cards;
  },
};

class Cards implements DirectoryCards {
  readonly #host: Host;
  readonly #people: People;
  readonly #editable: ReadonlySet<string>;
  readonly #persons: Remembered<Person | undefined>;
  /** Photos as fields; undefined where there is none, or none that fits. */
  readonly #photos: Remembered<Element | undefined>;
  readonly #photoBytes: number;

  constructor(host: Host, people: People, settings: CardSettings) {
    const patienceMs = settings.patience;
    this.#host = host;
    this.#people = people;
    this.#editable = new Set(settings.editable);
    this.#photoBytes = settings["photo-size"];
    this.#persons = new Remembered({ capacity: settings.people, patienceMs });
    this.#photos = new Remembered({ capacity: settings.photos, patienceMs, weigh });
    const avatars = host.use(vcard);
    const changes = people.watch(({ ended, changed }) => {
      for (const user of [...ended, ...changed]) {
        this.#persons.forget(user);
        this.#photos.forget(user);
        avatars.outdated(Jid.of(user, host.domain));
      }
    });
    host.stopping(changes);
  }

  person(user: string): Person | undefined | Promise<Person | undefined> {
    return this.#persons.get(user, () => this.#people.find(user));
  }

  /** Adds what the directory knows. While it does not answer, what the person wrote is the card. */
  async source(event: Sourcing): Promise<void> {
    const { account, reader } = event;
    try {
      const person = await this.person(account.local);
      if (person === undefined) return;
      if (person.hidden && !(await this.#mayRead(account, reader))) {
        event.withheld = true;
        return;
      }
      const written = event.written.filter((field) => this.#editable.has(field.name) && says(field));
      const own = new Set(written.map(({ name }) => name));
      const fields = fieldsOf(person);
      const photo = person.hasPhoto && !own.has("PHOTO") ? await this.#photo(person.user) : undefined;
      if (photo !== undefined) fields.push(photo);
      event.written = written;
      event.fields.push(...fields.filter(({ name }) => !own.has(name)));
    } catch (problem) {
      if (!(problem instanceof DirectoryError)) throw problem;
      event.incomplete = true;
      this.#host.log.debug("a card without the directory, which does not answer", { cause: problem });
    }
  }

  /** Hidden people show their card to themselves and to those who may see their presence. */
  #mayRead(account: Jid, reader: Jid): boolean | Promise<boolean> {
    return this.#host.use(presence).authorized(account, reader);
  }

  #photo(user: string): Element | undefined | Promise<Element | undefined> {
    return this.#photos.get(user, async () => {
      const photo = await this.#people.photo(user);
      if (photo === undefined || photo.data.length > this.#photoBytes) return undefined;
      return photoField(photo.type, photo.data);
    });
  }
}

/** Whether a field has any content: clients write empty ones too. */
function says(field: Element): boolean {
  return field.text.trim() !== "" || field.elements.some(says);
}

/** What a photo takes in memory, in bytes: its Base64. */
function weigh(photo: Element | undefined): number {
  return 100 + (photo?.elements.at(-1)?.text.length ?? 0);
}
