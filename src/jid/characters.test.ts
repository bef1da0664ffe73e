/** The classes and tables against a second derivation: the algorithm of RFC 8264 §8 spelled out, and tr46's own data. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toUnicode } from "tr46";
import { bidiError } from "./bidi.ts";
import { classError, codePointName, stringError } from "./characters.ts";

type Derived = "PVALID" | "FREE_PVAL" | "CONTEXT" | "DISALLOWED";

// RFC 8264 §9.6.
const validExceptions = new Set([0xdf, 0x3c2, 0x6fd, 0x6fe, 0xf0b, 0x3007]);
const contextExceptions = new Set([0xb7, 0x375, 0x5f3, 0x5f4, 0x30fb]);
const refusedExceptions = new Set([0x640, 0x7fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b]);

function derived(code: number): Derived {
  const char = String.fromCodePoint(code);
  if (validExceptions.has(code)) return "PVALID";
  if (contextExceptions.has(code) || isArabicDigit(code)) return "CONTEXT";
  if (refusedExceptions.has(code)) return "DISALLOWED";
  if (/\p{Cn}/u.test(char)) return "DISALLOWED";
  if (code >= 0x21 && code <= 0x7e) return "PVALID";
  if (code === 0x200c || code === 0x200d) return "CONTEXT";
  if (isOldHangulJamo(code)) return "DISALLOWED";
  if (/[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u.test(char)) return "DISALLOWED";
  if (/\p{Cc}/u.test(char)) return "DISALLOWED";
  if (char.normalize("NFKC") !== char) return "FREE_PVAL";
  if (/[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/u.test(char)) return "PVALID";
  if (/[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{Sm}\p{Sc}\p{Sk}\p{So}\p{P}]/u.test(char)) return "FREE_PVAL";
  return "DISALLOWED";
}

function isArabicDigit(code: number): boolean {
  return (code >= 0x660 && code <= 0x669) || (code >= 0x6f0 && code <= 0x6f9);
}

/** Hangul_Syllable_Type L, V or T. */
function isOldHangulJamo(code: number): boolean {
  return (code >= 0x1100 && code <= 0x11ff) || (code >= 0xa960 && code <= 0xa97c) || (code >= 0xd7b0 && code <= 0xd7fb);
}

/** Every code point but the ideographs and syllables, which are alike in everything tested here. */
function* codePoints(): Generator<number> {
  for (let code = 0; code < 0x110000; code++) {
    if (code === 0x3401 || code === 0x4e01) code += 0x1900;
    if (code === 0xac01) code = 0xd7a0;
    if (code === 0x17001) code = 0x18d00;
    if (code === 0x20001) code = 0x323a0;
    if (code === 0x32400) code = 0xe0000;
    if (code === 0xe0200) code = 0xefff0;
    if (code === 0xf0010) code = 0x10fff0;
    yield code;
  }
}

test("each code point is in the classes RFC 8264 puts it in", () => {
  const wrong: string[] = [];
  for (const code of codePoints()) {
    const char = String.fromCodePoint(code);
    const expected = derived(code);
    const identifier = expected === "PVALID" || expected === "CONTEXT";
    const freeform = identifier || expected === "FREE_PVAL";
    if ((classError(char, "identifier") === undefined) !== identifier) wrong.push(`identifier ${codePointName(char)}`);
    if ((classError(char, "freeform") === undefined) !== freeform) wrong.push(`freeform ${codePointName(char)}`);
  }
  assert.deepEqual(wrong, []);
});

test("the Bidi Rule agrees with tr46 on every letter, mark and digit", () => {
  const wrong: string[] = [];
  for (const code of codePoints()) {
    const char = String.fromCodePoint(code);
    if (stringError(`\u05D0${char}\u3042`, "identifier") !== undefined) continue;
    for (const text of [char, `\u05D0${char}`, `\u0627${char}1`, `\u0627${char}\u0661`, `${char}\u05D0`, `a${char}`]) {
      if (!isLabel(text)) continue;
      // tr46 applies the rule to bidi domains alone, as we do to strings with right-to-left characters alone.
      if ((bidiError(text) !== undefined) !== toUnicode(text, { checkBidi: true }).error) wrong.push(name(text));
    }
  }
  assert.deepEqual(wrong, []);
});

test("zero width non-joiners agree with tr46 next to every letter and mark", () => {
  const wrong: string[] = [];
  for (const code of codePoints()) {
    const char = String.fromCodePoint(code);
    if (classError(char, "identifier") !== undefined) continue;
    for (const text of [
      `\u0628${char}\u200C\u0628`,
      `\u0628\u200C${char}`,
      `\u0628\u200C${char}\u0628`,
      `a${char}\u200Db`,
    ]) {
      if (char === "\u200C" || char === "\u200D" || contextual(char)) continue;
      if (!isLabel(text)) continue;
      if ((stringError(text, "identifier") !== undefined) !== toUnicode(text, { checkJoiners: true }).error) {
        wrong.push(name(text));
      }
    }
  }
  assert.deepEqual(wrong, []);
});

/** Whether tr46 takes the text as one label that it leaves unchanged. */
function isLabel(text: string): boolean {
  if (text.includes(".")) return false;
  const { domain, error } = toUnicode(text);
  return !error && domain === text;
}

function contextual(char: string): boolean {
  return contextExceptions.has(char.codePointAt(0) ?? 0);
}

function name(text: string): string {
  return Array.from(text, codePointName).join(" ");
}
