import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Direction, partsOf, type State, stateOf, states, transition, type Verb, verbs } from "./states.ts";

/** The names of RFC 6121 appendix A.1. */
const names: Readonly<Record<string, State>> = {
  None: "none",
  "None + Pending Out": "none+out",
  "None + Pending In": "none+in",
  "None + Pending Out+In": "none+out+in",
  To: "to",
  "To + Pending In": "to+in",
  From: "from",
  "From + Pending Out": "from+out",
  Both: "both",
};

interface Rfc {
  readonly section: string;
  readonly direction: Direction;
  readonly verb: Verb;
  /** State | routed or delivered | new state, as the RFC prints them. */
  readonly rows: string;
}

const tables: readonly Rfc[] = [
  {
    section: "A.2.1",
    direction: "outbound",
    verb: "subscribe",
    rows: `None                  | MUST | None + Pending Out
           None + Pending Out    | MUST | no state change
           None + Pending In     | MUST | None + Pending Out+In
           None + Pending Out+In | MUST | no state change
           To                    | MUST | no state change
           To + Pending In       | MUST | no state change
           From                  | MUST | From + Pending Out
           From + Pending Out    | MUST | no state change
           Both                  | MUST | no state change`,
  },
  {
    section: "A.2.2",
    direction: "outbound",
    verb: "unsubscribe",
    rows: `None                  | MUST | no state change
           None + Pending Out    | MUST | None
           None + Pending In     | MUST | no state change
           None + Pending Out+In | MUST | None + Pending In
           To                    | MUST | None
           To + Pending In       | MUST | None + Pending In
           From                  | MUST | no state change
           From + Pending Out    | MUST | From
           Both                  | MUST | From`,
  },
  {
    section: "A.2.3",
    direction: "outbound",
    verb: "subscribed",
    rows: `None                  | MUST NOT | no state change
           None + Pending Out    | MUST NOT | no state change
           None + Pending In     | MUST     | From
           None + Pending Out+In | MUST     | From + Pending Out
           To                    | MUST NOT | no state change
           To + Pending In       | MUST     | Both
           From                  | MUST NOT | no state change
           From + Pending Out    | MUST NOT | no state change
           Both                  | MUST NOT | no state change`,
  },
  {
    section: "A.2.4",
    direction: "outbound",
    verb: "unsubscribed",
    rows: `None                  | MUST NOT | no state change
           None + Pending Out    | MUST NOT | no state change
           None + Pending In     | MUST     | None
           None + Pending Out+In | MUST     | None + Pending Out
           To                    | MUST NOT | no state change
           To + Pending In       | MUST     | To
           From                  | MUST     | None
           From + Pending Out    | MUST     | None + Pending Out
           Both                  | MUST     | To`,
  },
  {
    section: "A.3.1",
    direction: "inbound",
    verb: "subscribe",
    rows: `None                  | MUST     | None + Pending In
           None + Pending Out    | MUST     | None + Pending Out+In
           None + Pending In     | MUST NOT | no state change
           None + Pending Out+In | MUST NOT | no state change
           To                    | MUST     | To + Pending In
           To + Pending In       | MUST NOT | no state change
           From                  | MUST NOT | no state change
           From + Pending Out    | MUST NOT | no state change
           Both                  | MUST NOT | no state change`,
  },
  {
    section: "A.3.2",
    direction: "inbound",
    verb: "unsubscribe",
    rows: `None                  | MUST NOT | no state change
           None + Pending Out    | MUST NOT | no state change
           None + Pending In     | MUST     | None
           None + Pending Out+In | MUST     | None + Pending Out
           To                    | MUST NOT | no state change
           To + Pending In       | MUST     | To
           From                  | MUST     | None
           From + Pending Out    | MUST     | None + Pending Out
           Both                  | MUST     | To`,
  },
  {
    section: "A.3.3",
    direction: "inbound",
    verb: "subscribed",
    rows: `None                  | MUST NOT | no state change
           None + Pending Out    | MUST     | To
           None + Pending In     | MUST NOT | no state change
           None + Pending Out+In | MUST     | To + Pending In
           To                    | MUST NOT | no state change
           To + Pending In       | MUST NOT | no state change
           From                  | MUST NOT | no state change
           From + Pending Out    | MUST     | Both
           Both                  | MUST NOT | no state change`,
  },
  {
    section: "A.3.4",
    direction: "inbound",
    verb: "unsubscribed",
    rows: `None                  | MUST NOT | no state change
           None + Pending Out    | MUST     | None
           None + Pending In     | MUST NOT | no state change
           None + Pending Out+In | MUST     | None + Pending In
           To                    | MUST     | None
           To + Pending In       | MUST     | None + Pending In
           From                  | MUST NOT | no state change
           From + Pending Out    | MUST     | From
           Both                  | MUST     | From`,
  },
];

for (const { section, direction, verb, rows } of tables) {
  const lines = rows.split("\n").map((row) => row.split("|").map((cell) => cell.trim()) as [string, string, string]);
  test(`RFC 6121 ${section}: all states are there`, () => {
    assert.deepEqual(
      lines.map(([state]) => names[state]),
      [...states],
    );
  });
  for (const [state, passes, next] of lines) {
    test(`RFC 6121 ${section}: ${direction} ${verb} in ${state}`, () => {
      const from = names[state]!;
      const to = next === "no state change" ? from : names[next]!;
      assert.deepEqual(transition(direction, verb, from), { pass: passes === "MUST", next: to });
    });
  }
}

test("RFC 6121 A.1: each state is kept as subscription, ask and a waiting request, and read back", () => {
  const kept = states.map((state) => partsOf(state));
  assert.deepEqual(kept, [
    { subscription: "none", ask: false, asked: false },
    { subscription: "none", ask: true, asked: false },
    { subscription: "none", ask: false, asked: true },
    { subscription: "none", ask: true, asked: true },
    { subscription: "to", ask: false, asked: false },
    { subscription: "to", ask: false, asked: true },
    { subscription: "from", ask: false, asked: false },
    { subscription: "from", ask: true, asked: false },
    { subscription: "both", ask: false, asked: false },
  ]);
  assert.deepEqual(kept.map(stateOf), [...states]);
});

test("what is kept but impossible counts as settled", () => {
  assert.equal(stateOf({ subscription: "to", ask: true, asked: false }), "to");
  assert.equal(stateOf({ subscription: "from", ask: false, asked: true }), "from");
  assert.equal(stateOf({ subscription: "both", ask: true, asked: true }), "both");
});

/** One of two accounts that subscribe to each other: its state, and the stanzas under way to it. */
interface Side {
  state: State;
  readonly mail: Verb[];
}

const steps = fc.array(fc.record({ actor: fc.constantFrom<0 | 1>(0, 1), act: fc.option(fc.constantFrom(...verbs)) }), {
  maxLength: 40,
});

test("whatever two people do, they agree once each stanza has arrived before the next", () => {
  fc.assert(
    fc.property(steps, (some) => {
      const sides = strangers();
      for (const { actor, act } of some) {
        if (act !== null) send(sides, actor, act);
        settle(sides);
        for (const [mine, theirs] of views(sides)) {
          assert.equal(mine.gets, theirs.gives);
          assert.equal(mine.ask, theirs.asked);
        }
      }
    }),
  );
});

test("even if stanzas cross, after the next probes nobody believes to watch who does not allow it", () => {
  fc.assert(
    fc.property(steps, (some) => {
      const sides = strangers();
      for (const { actor, act } of some) {
        if (act === null) receive(sides, actor);
        else send(sides, actor, act);
      }
      settle(sides);
      // §4.3.2: a probe that is not authorised is answered with `unsubscribed`.
      for (const [at, [mine, theirs]] of views(sides).entries())
        if (mine.gets && !theirs.gives) sides[at]!.mail.push("unsubscribed");
      settle(sides);
      for (const [mine, theirs] of views(sides)) assert.ok(!mine.gets || theirs.gives);
    }),
  );
});

function strangers(): [Side, Side] {
  return [
    { state: "none", mail: [] },
    { state: "none", mail: [] },
  ];
}

function send(sides: [Side, Side], actor: 0 | 1, verb: Verb): void {
  const side = sides[actor];
  const { pass, next } = transition("outbound", verb, side.state);
  side.state = next;
  if (pass) sides[actor === 0 ? 1 : 0].mail.push(verb);
}

function receive(sides: [Side, Side], actor: 0 | 1): void {
  const side = sides[actor];
  const verb = side.mail.shift();
  if (verb === undefined) return;
  const { gives } = view(side);
  side.state = transition("inbound", verb, side.state).next;
  // §3.1.3: the server of a contact that is subscribed already says so again.
  if (verb === "subscribe" && gives) sides[actor === 0 ? 1 : 0].mail.push("subscribed");
}

/** Delivers all stanzas. */
function settle(sides: [Side, Side]): void {
  while (sides[0].mail.length + sides[1].mail.length > 0) {
    receive(sides, 0);
    receive(sides, 1);
  }
}

function view({ state }: Side): { gets: boolean; gives: boolean; ask: boolean; asked: boolean } {
  const { subscription, ask, asked } = partsOf(state);
  const both = subscription === "both";
  return { gets: both || subscription === "to", gives: both || subscription === "from", ask, asked };
}

/** What each side believes, with what the other does. */
function views(sides: [Side, Side]) {
  const [one, other] = [view(sides[0]), view(sides[1])];
  return [
    [one, other],
    [other, one],
  ] as const;
}
