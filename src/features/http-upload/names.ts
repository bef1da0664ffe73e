/** Bytes of a file name in UTF-8 that are kept: file systems take 255, and people add to names. */
const longestName = 200;
const longestEnding = 20;

/** Controls; marks that turn the direction of writing, with which "gpj.exe" reads "exe.jpg"; what no name needs to hold. */
const unseen = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/**
 * A file name that is safe to show and to save: one component of a path, without invisible characters, of limited length
 * with its ending kept. Idempotent; never empty, "." or "..".
 */
export function safeName(name: string): string {
  const visible = name
    .slice(0, 4096)
    .toWellFormed()
    .normalize("NFC")
    .replaceAll(unseen, "")
    .replaceAll(/[/\\]/g, "_")
    .replaceAll(/\s/g, " ");
  const trimmed = shortened(visible.replace(/^[. ]+/, "").replace(/[. ]+$/, ""));
  return trimmed === "" ? "file" : trimmed;
}

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= longestName) return name;
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && Buffer.byteLength(name.slice(dot)) <= longestEnding ? name.slice(dot) : "";
  let room = longestName - Buffer.byteLength(ending);
  let kept = "";
  for (const character of name) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    kept += character;
  }
  return `${kept.replace(/[. ]+$/, "")}${ending}`;
}

/** A name as a segment of a path (RFC 3986 §3.3); what has a meaning in texts around links is encoded as well. */
export function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/[!'()*]/g, percent);
}

/** The name in a segment of a path; undefined where that is not one. */
export function decodeName(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Content-Disposition (RFC 6266 §4): the name in ASCII for old clients, and as it is. */
export function disposition(kind: "inline" | "attachment", name: string): string {
  const ascii = name.replaceAll(/[^ -~]|["\\%]/gu, "_");
  const extended = ascii === name ? "" : `; filename*=UTF-8''${encodeName(name)}`;
  return `${kind}; filename="${ascii}"${extended}`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Types that a browser may show by itself: none of them can hold a script. */
const shown = new Set([
  ...["apng", "avif", "bmp", "gif", "heic", "heif", "jpeg", "png", "webp"].map((name) => `image/${name}`),
  ...["aac", "flac", "m4a", "mp4", "mpeg", "ogg", "opus", "wav", "webm", "x-m4a"].map((name) => `audio/${name}`),
  ...["3gpp", "mp4", "mpeg", "ogg", "quicktime", "webm"].map((name) => `video/${name}`),
  "text/plain",
]);

/** Whether a file of this type is shown rather than saved. */
export function isShown(type: string): boolean {
  return shown.has(type);
}

/** What stands for a type that nobody has named. */
export const unknownType = "application/octet-stream";

/** A media type without parameters, in lower case (RFC 9110 §8.3.1); undefined where it is not one. */
export function readType(text: string): string | undefined {
  const [essence = ""] = text.split(";", 1);
  const type = essence.trim().toLowerCase();
  return /^[\w!#$&^.+-]{1,63}\/[\w!#$&^.+-]{1,63}$/.test(type) ? type : undefined;
}
