import { DirectoryError } from "#core/people.ts";
import { type Directory, type Search, SizeLimitError } from "./directory.ts";
import type { Attributes } from "./entry.ts";
import { all, any, escapeFilterValue } from "./filter.ts";

const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const maxDepth = 6;

/**
 * Everything a search finds, also where the server gives at most some hundred entries to one search (OpenLDAP: 500,
 * whatever the pages): it is then asked for by the first letters of an attribute. Each entry comes once.
 * @throws DirectoryError if even that is too much
 */
export async function searchAll(directory: Directory, search: Search, attribute: string): Promise<Attributes[]> {
  const found = new Map<string, Attributes>();
  const collect = async (filter: string) => {
    for (const entry of await directory.search({ ...search, filter, paged: true })) found.set(entry.dn, entry);
  };
  const beginning = (prefix: string) => `(${attribute}=${escapeFilterValue(prefix)}*)`;
  const ask = async (prefix: string): Promise<void> => {
    const filter = prefix === "" ? search.filter : all(search.filter, beginning(prefix));
    try {
      await collect(filter);
    } catch (cause) {
      if (!(cause instanceof SizeLimitError)) throw cause;
      if (prefix.length >= maxDepth) throw tooMany(cause);
      const longer = letters.map((letter) => prefix + letter);
      for (const next of longer) await ask(next);
      await rest(all(filter, `(!${any(...longer.map(beginning))})`));
    }
  };
  /** What begins with none of the letters. */
  const rest = async (filter: string): Promise<void> => {
    try {
      await collect(filter);
    } catch (cause) {
      throw cause instanceof SizeLimitError ? tooMany(cause) : cause;
    }
  };
  await ask("");
  return [...found.values()];
}

function tooMany(cause: Error): DirectoryError {
  return new DirectoryError(
    "the directory gives only a part of its entries: raise its size limit for the account that searches",
    { cause },
  );
}
