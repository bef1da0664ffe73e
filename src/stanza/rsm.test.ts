import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseText } from "#xml/parser.ts";
import { StanzaError } from "./error.ts";
import { type PageRequest, page, pageAnswer, readPageRequest } from "./rsm.ts";

const people = ["anna", "benvolio", "juliet", "mercutio", "nurse", "romeo", "tybalt"];
const id = (name: string) => name;

function asked(set: string) {
  return readPageRequest(parseText(`<query xmlns='jabber:iq:search'>${set}</query>`), 50);
}

function inSet(content: string) {
  return asked(`<set xmlns='http://jabber.org/protocol/rsm'>${content}</set>`);
}

function condition(run: () => unknown): string {
  try {
    run();
  } catch (problem) {
    if (problem instanceof StanzaError) return problem.condition;
    throw problem;
  }
  return "none";
}

test("a payload without a set asks for everything", () => {
  assert.equal(asked("<nick>Pete</nick>"), undefined);
});

test("requests as in the examples of XEP-0059", () => {
  assert.deepEqual(inSet("<max>10</max>"), { max: 10 });
  assert.deepEqual(inSet("<max>10</max><after>peterpan@neverland.lit</after>"), {
    max: 10,
    after: "peterpan@neverland.lit",
  });
  assert.deepEqual(inSet("<max>10</max><before>peter@pixyland.org</before>"), {
    max: 10,
    before: "peter@pixyland.org",
  });
  assert.deepEqual(inSet("<max>10</max><before/>"), { max: 10, before: "" });
  assert.deepEqual(inSet("<max>10</max><index>371</index>"), { max: 10, index: 371 });
  assert.deepEqual(inSet("<max>0</max>"), { max: 0 });
});

test("the limit of the server holds, also where no maximum is given", () => {
  assert.deepEqual(inSet("<max>5000</max>"), { max: 50 });
  assert.deepEqual(inSet(""), { max: 50 });
});

test("an empty <after/> is the beginning", () => {
  assert.deepEqual(inSet("<after/>"), { max: 50 });
});

test("requests that mean nothing are refused", () => {
  for (const content of [
    "<max>-1</max>",
    "<max>ten</max>",
    "<max/>",
    "<max>99999999999</max>",
    "<index>1.5</index>",
    "<index>3</index><after>anna</after>",
    "<index>3</index><before/>",
    `<after>${"x".repeat(4097)}</after>`,
  ]) {
    assert.equal(
      condition(() => inSet(content)),
      "bad-request",
      content,
    );
  }
});

test("answers as in the examples of XEP-0059", () => {
  const full = pageAnswer({ first: "stpeter@jabber.org", last: "peterpan@neverland.lit", index: 0, count: 800 });
  const expected = parseText(
    `<set xmlns='http://jabber.org/protocol/rsm'><first index='0'>stpeter@jabber.org</first>
    <last>peterpan@neverland.lit</last><count>800</count></set>`.replace(/\n\s*/, ""),
  );
  assert.ok(full.equals(expected), full.toString());
  const empty = parseText("<set xmlns='http://jabber.org/protocol/rsm'><count>790</count></set>");
  assert.ok(pageAnswer({ count: 790 }).equals(empty));
});

test("the first page, the next, the last", () => {
  const first = page(people, { max: 3 }, id);
  assert.deepEqual(first.items, ["anna", "benvolio", "juliet"]);
  assert.equal(first.complete, false);
  assert.ok(first.set.equals(pageAnswer({ first: "anna", last: "juliet", index: 0, count: 7 })));
  const next = page(people, { max: 3, after: "juliet" }, id);
  assert.deepEqual(next.items, ["mercutio", "nurse", "romeo"]);
  assert.ok(next.set.equals(pageAnswer({ first: "mercutio", last: "romeo", index: 3, count: 7 })));
  const last = page(people, { max: 3, after: "romeo" }, id);
  assert.deepEqual(last.items, ["tybalt"]);
  assert.equal(last.complete, true);
});

test("backwards: the last page, the one before, the first", () => {
  const last = page(people, { max: 3, before: "" }, id);
  assert.deepEqual(last.items, ["nurse", "romeo", "tybalt"]);
  assert.equal(last.complete, false);
  assert.deepEqual(page(people, { max: 3, before: "nurse" }, id).items, ["benvolio", "juliet", "mercutio"]);
  const first = page(people, { max: 3, before: "benvolio" }, id);
  assert.deepEqual(first.items, ["anna"]);
  assert.equal(first.complete, true);
});

test("between two items", () => {
  assert.deepEqual(page(people, { max: 9, after: "anna", before: "nurse" }, id).items, [
    "benvolio",
    "juliet",
    "mercutio",
  ]);
  assert.deepEqual(page(people, { max: 9, after: "nurse", before: "anna" }, id).items, []);
});

test("by position, and beyond the end an empty page", () => {
  assert.deepEqual(page(people, { max: 2, index: 5 }, id).items, ["romeo", "tybalt"]);
  const beyond = page(people, { max: 2, index: 7 }, id);
  assert.deepEqual(beyond.items, []);
  assert.ok(beyond.set.equals(pageAnswer({ count: 7 })));
});

test("a maximum of 0 gives the count alone", () => {
  const counted = page(people, { max: 0 }, id);
  assert.deepEqual(counted.items, []);
  assert.ok(counted.set.equals(pageAnswer({ count: 7 })));
  assert.equal(counted.complete, false);
});

test("a page that starts from nowhere is not found", () => {
  for (const request of [
    { max: 3, after: "paris" },
    { max: 3, before: "paris" },
  ] satisfies PageRequest[]) {
    assert.equal(
      condition(() => page(people, request, id)),
      "item-not-found",
    );
  }
});

test("pages put together are the whole list, both ways", () => {
  const lists = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 40 });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 9 }), (list, max) => {
      const forward: string[] = [];
      for (let done = false; !done; ) {
        const after = forward.at(-1);
        const part = page(list, { max, ...(after === undefined ? {} : { after }) }, id);
        forward.push(...part.items);
        done = part.complete;
      }
      const backward: string[] = [];
      for (let done = false; !done; ) {
        const part = page(list, { max, before: backward[0] ?? "" }, id);
        backward.unshift(...part.items);
        done = part.complete;
      }
      assert.deepEqual(forward, list);
      assert.deepEqual(backward, list);
    }),
    { numRuns: 200 },
  );
});
