import type { Feature } from "#core/feature.ts";
import type { Host } from "#core/host.ts";
import type { LocalSession } from "#core/session.ts";
import { count, duration, section } from "#core/settings.ts";
import { type Description, describing, type Listing, listing } from "#features/disco/index.ts";
import { StanzaError } from "#stanza/error.ts";
import { dataForms } from "#stanza/field.ts";
import { formIn } from "#stanza/form.ts";
import type { Iq } from "#stanza/stanza.ts";
import { languageOf } from "#stanza/text.ts";
import { type Element, tag } from "#xml/element.ts";
import {
  type Caller,
  type Command,
  type Commands,
  type Completion,
  commandsNamespace,
  type Stage,
  type Step,
  type Way,
} from "./command.ts";
import { refusals } from "./refusals.ts";
import { type CommandSession, CommandSessions } from "./sessions.ts";

const settings = section({
  sessions: count(1000, "Commands of several steps that may be under way at a time on one host; 0: any number."),
  "sessions-each": count(10, "As many of one account; 0: any number."),
  lifetime: duration("10 minutes", "A command that nobody goes on with is given up after this long."),
});

type AdhocSettings = ReturnType<(typeof settings)["parse"]>;

const command = tag(commandsNamespace, "command");
const actions = tag(commandsNamespace, "actions");
const note = tag(commandsNamespace, "note");
const ways = {
  prev: tag(commandsNamespace, "prev"),
  next: tag(commandsNamespace, "next"),
  complete: tag(commandsNamespace, "complete"),
} as const;

const title = { en: "Commands", fr: "Commandes" };
const known: ReadonlySet<string> = new Set(["execute", "prev", "next", "complete", "cancel"]);
/** Characters of an id of a session, or of a node, that are looked at. */
const longest = 1024;

/**
 * Ad-Hoc Commands (XEP-0050): people execute what the server, an account or a room offers, with any client that can show
 * forms. Other features bring the commands.
 */
export const adhoc: Feature<AdhocSettings, Commands> = {
  name: "adhoc",
  where: "everywhere",
  xeps: [{ number: 50, version: "1.3.0" }],
  settings,
  setup(host, values) {
    const limits = { most: values.sessions, mostOfOne: values["sessions-each"], lifetime: values.lifetime };
    const desk = new CommandDesk(host, new CommandSessions(limits));
    host.on(describing, "amend", (description) => desk.describe(description));
    host.on(listing, "amend", (found) => desk.list(found));
    return { offer: (owner, at, one) => desk.offer(owner, at, one) };
  },
};

type Place = "host" | "account";

/** Takes requests to the commands of one host. */
class CommandDesk {
  readonly #host: Host;
  readonly #sessions: CommandSessions;
  readonly #commands = new Map<Place, Map<string, Command>>();

  constructor(host: Host, sessions: CommandSessions) {
    this.#host = host;
    this.#sessions = sessions;
  }

  offer(owner: Host, at: Place, one: Command): void {
    const there = this.#commands.get(at) ?? new Map<string, Command>();
    if (there.has(one.node)) throw new Error(`there is a command ${one.node} already`);
    // Advertised only where there is something to execute.
    if (!this.#commands.has(at))
      this.#host.iq("set", command, at, (iq, asked, origin) => this.#take(iq, asked, origin));
    this.#commands.set(at, there);
    there.set(one.node, one);
    owner.stopping(() => there.delete(one.node));
  }

  /** §2.2: what the list of commands is, and each command. */
  describe(description: Description): undefined | Promise<void> {
    const there = this.#at(description);
    if (description.node !== undefined && there !== undefined) return this.#describe(description, there);
  }

  async #describe(description: Description, there: ReadonlyMap<string, Command>): Promise<void> {
    const { node, identities, features } = description;
    const language = languageOf(description.lang);
    if (node === commandsNamespace) {
      description.known = true;
      identities.push({ category: "automation", type: "command-list", name: title[language] });
      return;
    }
    const one = there.get(node!);
    if (one === undefined) return;
    if (!(await one.permits(description))) throw new StanzaError("forbidden", refusals.notYours);
    description.known = true;
    identities.push({ category: "automation", type: "command-node", name: one.name[language] });
    features.add(commandsNamespace);
    features.add(dataForms);
  }

  /** §2.2: the commands that somebody may execute. */
  list(found: Listing): undefined | Promise<void> {
    const there = this.#at(found);
    if (found.node !== undefined && there !== undefined) return this.#list(found, found.node, there);
  }

  async #list(found: Listing, node: string, there: ReadonlyMap<string, Command>): Promise<void> {
    if (node !== commandsNamespace) {
      const one = there.get(node);
      if (one !== undefined && (await one.permits(found))) found.known = true;
      return;
    }
    const jid = found.to.toString();
    const language = languageOf(found.lang);
    for (const one of there.values()) {
      if (await one.permits(found)) found.items.push({ jid, node: one.node, name: one.name[language] });
    }
    found.known = true;
  }

  #at({ to }: { readonly to: Caller["to"] }): Map<string, Command> | undefined {
    return this.#commands.get(to.isDomain ? "host" : "account");
  }

  async #take(iq: Iq, asked: Element, origin: LocalSession | undefined): Promise<Element> {
    const { node, sessionid, action = "execute" } = asked.attrs;
    if (!node || node.length > longest) throw new StanzaError("bad-request", refusals.noNode);
    if (!known.has(action)) throw refusals.malformedAction();
    const one = this.#at(iq)?.get(node);
    const caller = { from: iq.from, to: iq.to, lang: iq.lang ?? asked.attrs["xml:lang"] ?? origin?.lang };
    if (one === undefined) throw new StanzaError("item-not-found", refusals.noSuchCommand);
    if (!(await one.permits(caller))) throw new StanzaError("forbidden", refusals.notYours);
    if (sessionid !== undefined) return this.#proceed(iq, this.#session(iq, one, sessionid), action);
    if (action !== "execute") throw refusals.badAction();
    return this.#begin(one, { ...caller, origin }, formIn(asked));
  }

  /** The first step. Who knows the form already may submit it at once (as in XEP-0317 §3.3). */
  async #begin(
    one: Command,
    call: Caller & { readonly origin: LocalSession | undefined },
    submitted: Element | undefined,
  ): Promise<Element> {
    const first = await one.execute(call);
    const session: CommandSession = {
      id: this.#sessions.newId(),
      command: one,
      from: call.from.toString(),
      to: call.to.toString(),
      lang: call.lang,
      stages: [],
    };
    if (first.status === "completed" || submitted === undefined) return this.#answer(session, first);
    const second = await follow((first.next ?? first.complete)!, submitted);
    return this.#answer(second.status === "completed" ? session : { ...session, stages: [first] }, second);
  }

  #session(iq: Iq, one: Command, id: string): CommandSession {
    if (id === "" || id.length > longest) throw refusals.badSession();
    const session = this.#sessions.take(id, iq.from.toString(), iq.to.toString());
    if (session === undefined) throw this.#sessions.wasOurs(id) ? refusals.expired() : refusals.badSession();
    if (session.command === one) return session;
    this.#sessions.put(session);
    throw refusals.badSession();
  }

  /** A further step. A session that is being worked on is not in the table: it cannot be in two steps at once. */
  async #proceed(iq: Iq, session: CommandSession, action: string): Promise<Element> {
    if (action === "cancel") return head(session, "canceled", []);
    const { stages } = session;
    let onward: CommandSession | undefined;
    try {
      if (action === "prev") {
        const before = stages.at(-2);
        if (before === undefined) throw refusals.badAction();
        onward = { ...session, stages: stages.slice(0, -2) };
        return this.#answer(onward, before);
      }
      const way = wayOf(stages.at(-1)!, action);
      if (way === undefined) throw refusals.badAction();
      const submitted = formIn(iq.payload!);
      if (submitted === undefined) throw refusals.badPayload(refusals.noForm);
      const step = await follow(way, submitted);
      onward = session;
      return this.#answer(onward, step);
    } finally {
      // What was refused may be tried again.
      if (onward === undefined) this.#sessions.put(session);
    }
  }

  #answer(session: CommandSession, step: Step): Element {
    if (step.status === "completed") return head(session, "completed", [...step.payload, ...notesOf(step, session)]);
    const stages = [...session.stages, step];
    this.#sessions.put({ ...session, stages });
    return head(session, "executing", [actionsOf(step, stages.length > 1), step.form, ...notesOf(step, session)]);
  }
}

/** §3.4: to execute is to go on, and at the end to complete. */
function wayOf({ next, complete }: Stage, action: string): Way | undefined {
  if (action === "next") return next;
  if (action === "complete") return complete;
  return next ?? complete;
}

/** §3.5.1: a form that is given up counts as submitted. §4.4: what does not fit is a bad payload. */
async function follow(way: Way, submitted: Element): Promise<Step> {
  try {
    return await way(submitted.attrs.type === "cancel" ? submitted.with({ type: "submit" }) : submitted);
  } catch (problem) {
    const about = problem instanceof StanzaError && problem.detail === undefined ? problem.condition : undefined;
    if (about !== "not-acceptable" && about !== "bad-request") throw problem;
    throw refusals.badPayload((problem as StanzaError).explanation);
  }
}

function head(session: CommandSession, status: string, children: readonly Element[]): Element {
  const { id, command: one, lang } = session;
  return command({ "xml:lang": lang, sessionid: id, node: one.node, status }, ...children);
}

function actionsOf(stage: Stage, back: boolean): Element {
  return actions(
    { execute: stage.next === undefined ? "complete" : "next" },
    ...(back ? [ways.prev()] : []),
    ...(stage.next ? [ways.next()] : []),
    ...(stage.complete ? [ways.complete()] : []),
  );
}

function notesOf({ notes }: Completion | Stage, { lang }: CommandSession): Element[] {
  return notes.map(({ type, text }) => note({ type }, text[languageOf(lang)]));
}
