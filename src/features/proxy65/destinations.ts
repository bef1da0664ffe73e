import { createHash } from "node:crypto";
import type { Faces } from "#core/faces.ts";
import type { Jid } from "#jid/jid.ts";

/** Names the stream between two people as SOCKS5 does (XEP-0065 §6.3.2). */
export function destination(sid: string, requester: string, target: string): string {
  return createHash("sha1").update(sid).update(requester).update(target).digest("hex");
}

/**
 * Every destination that the two clients may have worked out. Each hashes the addresses it sees: under an alias of a
 * domain others than under its name, and the two need not see the same.
 *
 * @param written the target as the requester wrote it
 */
export function destinations(
  faces: Faces,
  stream: { readonly sid: string; readonly requester: Jid; readonly target: Jid; readonly written: string },
): string[] {
  const requesters = forms(faces, stream.requester);
  const targets = new Set([stream.written, ...forms(faces, stream.target)]);
  return requesters.flatMap((requester) => [...targets].map((target) => destination(stream.sid, requester, target)));
}

/** An address under each name of its domain. */
function forms(faces: Faces, jid: Jid): string[] {
  const canonical = faces.canonical(jid);
  return faces.forms(canonical).map(String);
}
