import type { Host } from "#core/host.ts";
import type { LocalSession } from "#core/session.ts";
import type { Jid } from "#jid/jid.ts";
import type { Fields, Form, Values } from "#stanza/form.ts";
import type { Text } from "#stanza/text.ts";
import type { Element } from "#xml/element.ts";

/** The namespace of XEP-0050, and the node under which an address lists its commands (§2.2). */
export const commandsNamespace = "http://jabber.org/protocol/commands";

/** Who wants to execute a command, and where. */
export interface Caller {
  /** The full JID. */
  readonly from: Jid;
  /** The address whose command it is: a domain, an account, a room. */
  readonly to: Jid;
  /** An `xml:lang` value. */
  readonly lang: string | undefined;
}

/** Somebody begins a command. */
export interface Call extends Caller {
  /** The session of the caller, where it is one of this node. */
  readonly origin: LocalSession | undefined;
}

/** A remark beside the result (§4.3). An error says that the command has failed (§3.6). */
export interface Note {
  readonly type: "info" | "warn" | "error";
  readonly text: Text;
}

/** The end of a command. */
export interface Completion {
  readonly status: "completed";
  readonly payload: readonly Element[];
  readonly notes: readonly Note[];
}

/** A form that is filled in before it goes on; at least one way leads on. */
export interface Stage {
  readonly status: "executing";
  readonly form: Element;
  readonly notes: readonly Note[];
  /** To the next form. */
  readonly next: Way | undefined;
  /** To the end. */
  readonly complete: Way | undefined;
}

/**
 * Takes what was submitted. What it throws as `not-acceptable` or `bad-request` is about the form: it may be submitted
 * again (§4.4).
 */
export type Way = (submitted: Element) => Step | Promise<Step>;
export type Step = Completion | Stage;

/** A command of an address (XEP-0050). */
export interface Command {
  readonly node: string;
  /** For people, in lists of commands. */
  readonly name: Text;
  /**
   * Whether somebody may execute it at this address: asked before each step, and of others it is not listed.
   * @throws StanzaError where the address does not exist
   */
  permits(caller: Caller): boolean | Promise<boolean>;
  /** Begins: gives a form, or does everything at once. @throws StanzaError */
  execute(call: Call): Step | Promise<Step>;
}

/** Where features put their commands. */
export interface Commands {
  /** Offers a command at the domain, or at the accounts or rooms of it, until the feature that owns it stops. */
  offer(owner: Host, at: "host" | "account", command: Command): void;
}

/** The command is done, with what it found and remarks for people. */
export function done(payload: readonly Element[] = [], notes: readonly Note[] = []): Completion {
  return { status: "completed", payload, notes };
}

/** The command is done, and could not do what it was asked for (§3.6). */
export function failed(text: Text): Completion {
  return done([], [{ type: "error", text }]);
}

/** A form to fill in, and what is done with it: in the end, or before another form. */
export function stage<const Shape extends Fields>(
  form: Form<Shape>,
  shown: { readonly values?: Partial<Values<Shape>>; readonly lang?: string | undefined },
  ways: {
    readonly next?: (values: Partial<Values<Shape>>) => Step | Promise<Step>;
    readonly complete?: (values: Partial<Values<Shape>>) => Step | Promise<Step>;
  },
): Stage {
  const { next, complete } = ways;
  return {
    status: "executing",
    form: form.show(shown.values ?? {}, shown.lang),
    notes: [],
    next: next && ((submitted) => next(form.read(submitted))),
    complete: complete && ((submitted) => complete(form.read(submitted))),
  };
}
