import { createHash } from "node:crypto";
import type { Faces } from "#core/faces.ts";
import type { Jid } from "#jid/jid.ts";

/** Names the stream between two people as SOCKS5 does (XEP-0065 §6.3.2). */
export function destination(sid: string, requester: string, target: string): string {
  return createHash("sha1").update(sid).update(requester).update(target).digest("hex");
}

/** What names a stream between two people. */
export interface Bytestream {
  readonly sid: string;
  readonly requester: Jid;
  readonly target: Jid;
  /** The target as the requester wrote it, where that is known. */
  readonly written?: string;
}

/**
 * Every destination that the two clients may have worked out. Each hashes the addresses it sees: under an alias of a
 * domain others than under its name, and the two need not see the same.
 */
export function destinations(faces: Faces, { sid, requester, target, written }: Bytestream): string[] {
  const targets = new Set(forms(faces, target));
  if (written !== undefined) targets.add(written);
  return forms(faces, requester).flatMap((from) => [...targets].map((to) => destination(sid, from, to)));
}

/** An address under each name of its domain. */
function forms(faces: Faces, jid: Jid): string[] {
  const canonical = faces.canonical(jid);
  return faces.forms(canonical).map(String);
}
