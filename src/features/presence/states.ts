/**
 * The nine states of a subscription and what each stanza does to them: the tables of RFC 6121 appendix A. A state is
 * seen by one account: `to` is the presence it gets, `from` the presence it gives; "out" and "in" are requests of the
 * account, and of the contact, that have no answer yet.
 */
export const states = [
  "none",
  "none+out",
  "none+in",
  "none+out+in",
  "to",
  "to+in",
  "from",
  "from+out",
  "both",
] as const;
export type State = (typeof states)[number];

export const verbs = ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] as const;
export type Verb = (typeof verbs)[number];

/** Which way a stanza goes: sent by the account to the contact, or the other way. */
export type Direction = "outbound" | "inbound";

/** What a stanza does in a state. */
export interface Transition {
  /** Outbound: it is routed to the contact. Inbound: it is delivered to the account's clients. */
  readonly pass: boolean;
  readonly next: State;
}

type Table = Readonly<Record<State, Transition>>;

const pass = (next: State): Transition => ({ pass: true, next });
const hold = (next: State): Transition => ({ pass: false, next });

/** Appendix A.2. */
const outbound: Readonly<Record<Verb, Table>> = {
  // A.2.1
  subscribe: {
    none: pass("none+out"),
    "none+out": pass("none+out"),
    "none+in": pass("none+out+in"),
    "none+out+in": pass("none+out+in"),
    to: pass("to"),
    "to+in": pass("to+in"),
    from: pass("from+out"),
    "from+out": pass("from+out"),
    both: pass("both"),
  },
  // A.2.2
  unsubscribe: {
    none: pass("none"),
    "none+out": pass("none"),
    "none+in": pass("none+in"),
    "none+out+in": pass("none+in"),
    to: pass("none"),
    "to+in": pass("none+in"),
    from: pass("from"),
    "from+out": pass("from"),
    both: pass("from"),
  },
  // A.2.3; where nothing was asked for, it is pre-approval (§3.4)
  subscribed: {
    none: hold("none"),
    "none+out": hold("none+out"),
    "none+in": pass("from"),
    "none+out+in": pass("from+out"),
    to: hold("to"),
    "to+in": pass("both"),
    from: hold("from"),
    "from+out": hold("from+out"),
    both: hold("both"),
  },
  // A.2.4
  unsubscribed: {
    none: hold("none"),
    "none+out": hold("none+out"),
    "none+in": pass("none"),
    "none+out+in": pass("none+out"),
    to: hold("to"),
    "to+in": pass("to"),
    from: pass("none"),
    "from+out": pass("none+out"),
    both: pass("to"),
  },
};

/** Appendix A.3. */
const inbound: Readonly<Record<Verb, Table>> = {
  // A.3.1; where the contact is subscribed already, the server answers itself (§3.1.3)
  subscribe: {
    none: pass("none+in"),
    "none+out": pass("none+out+in"),
    "none+in": hold("none+in"),
    "none+out+in": hold("none+out+in"),
    to: pass("to+in"),
    "to+in": hold("to+in"),
    from: hold("from"),
    "from+out": hold("from+out"),
    both: hold("both"),
  },
  // A.3.2
  unsubscribe: {
    none: hold("none"),
    "none+out": hold("none+out"),
    "none+in": pass("none"),
    "none+out+in": pass("none+out"),
    to: hold("to"),
    "to+in": pass("to"),
    from: pass("none"),
    "from+out": pass("none+out"),
    both: pass("to"),
  },
  // A.3.3
  subscribed: {
    none: hold("none"),
    "none+out": pass("to"),
    "none+in": hold("none+in"),
    "none+out+in": pass("to+in"),
    to: hold("to"),
    "to+in": hold("to+in"),
    from: hold("from"),
    "from+out": pass("both"),
    both: hold("both"),
  },
  // A.3.4
  unsubscribed: {
    none: hold("none"),
    "none+out": pass("none"),
    "none+in": hold("none+in"),
    "none+out+in": pass("none+in"),
    to: pass("none"),
    "to+in": pass("none+in"),
    from: hold("from"),
    "from+out": pass("from"),
    both: pass("from"),
  },
};

const tables = { outbound, inbound } as const;

/** What a subscription stanza does, seen by one account. */
export function transition(direction: Direction, verb: Verb, state: State): Transition {
  return tables[direction][verb][state];
}

export function isVerb(type: string): type is Verb {
  return (verbs as readonly string[]).includes(type);
}

/** A state as it is kept: the item's subscription and `ask`, and whether a request of the contact waits. */
export interface Parts {
  readonly subscription: "none" | "to" | "from" | "both";
  readonly ask: boolean;
  readonly asked: boolean;
}

/** The state of appendix A.1 that is kept so. What cannot be (`ask` with `to`, a request with `from`) counts as settled. */
export function stateOf({ subscription, ask, asked }: Parts): State {
  switch (subscription) {
    case "none":
      return `none${ask ? "+out" : ""}${asked ? "+in" : ""}`;
    case "to":
      return asked ? "to+in" : "to";
    case "from":
      return ask ? "from+out" : "from";
    case "both":
      return "both";
  }
}

/** How a state is kept. */
export function partsOf(state: State): Parts {
  const [subscription, ...requests] = state.split("+") as [Parts["subscription"], ...string[]];
  return { subscription, ask: requests.includes("out"), asked: requests.includes("in") };
}
