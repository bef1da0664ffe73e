import { Jid } from "#jid/jid.ts";

/** A domain of ours and one elsewhere, as the stream between them names them: prepared. */
export interface Pair {
  /** A domain of this server, or an alias of one. */
  readonly local: string;
  readonly remote: string;
}

export function keyOf({ local, remote }: Pair): string {
  return `${local} ${remote}`;
}

/** A prepared domain; undefined where the text is none. */
export function domainOf(text: string | undefined): string | undefined {
  const jid = Jid.tryParse(text);
  return jid?.isDomain ? jid.domain : undefined;
}
