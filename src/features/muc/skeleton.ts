/**
 * Letters of other scripts that look like Latin ones, and what they look like: a small table of our own, in the spirit of
 * UTS #39. Capitals stand beside small letters where the two look like different Latin ones.
 */
const lookalikes: Readonly<Record<string, string>> = {
  // Cyrillic
  ...pairs("авеѕіјкԟмнорԛгстухьѵԝһԁӏзѡӕ", "abesijkkmhopqrctyxbvwhdl3wæ"),
  // Greek: capitals first, since a small letter may look like another
  ...pairs("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳ", "abezhikmnoptyxcj"),
  ...pairs("αβγδεηικμνορστυχωϲ", "abydenikuvopotuxwc"),
  // Latin with strokes, and letters that are hard to tell from others
  ...pairs("ıɪɩłøđħŧƅɑɡʋʏʀɴɢʟʜðþ", "iiilodhtbagvyrnglhdp"),
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ς: "c",
  // Armenian and others that are seen in tricks
  ...pairs("օսոզհցքԍ", "ounqhgpg"),
};

/** What letters and digits look like that are hard to tell apart. */
const twins: Readonly<Record<string, string>> = { l: "i", "1": "i", "|": "i", "0": "o" };

function pairs(from: string, to: string): Record<string, string> {
  const [left, right] = [[...from], [...to]];
  return Object.fromEntries(left.map((letter, index) => [letter, right[index]!]));
}

/** The words of a text in small Latin letters, as far as it looks like such: without accents, other scripts folded. */
export function latinWords(text: string): string[] {
  const folded = [...text.normalize("NFKD").replace(/\p{M}/gu, "")].map((letter) => {
    const small = letter.toLowerCase();
    const like = lookalikes[letter] ?? lookalikes[small] ?? small;
    return like === "æ" ? "ae" : like;
  });
  return folded.join("").match(/[\p{L}\p{N}|]+/gu) ?? [];
}

/**
 * What a text looks like: two texts that people may take for each other have the same. Case, accents, spaces, dots and
 * other signs do not count; letters of other scripts count as the Latin ones that they resemble.
 */
export function skeleton(text: string): string {
  const letters = [...latinWords(text).join("")].map((letter) => twins[letter] ?? letter).join("");
  return letters.replaceAll("rn", "m").replaceAll("vv", "w");
}
