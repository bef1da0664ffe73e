/** A person of the institution, as its directory knows them. Texts are as the directory writes them. */
export interface Person {
  /** The login: a prepared localpart. */
  readonly user: string;
  readonly displayName: string;
  readonly givenName?: string;
  readonly familyName?: string;
  /** E-mail addresses, the main one first. */
  readonly mail: readonly string[];
  readonly phones: readonly { readonly kind: "work" | "mobile" | "home" | "fax"; readonly number: string }[];
  readonly organisation?: string;
  readonly unit?: string;
  readonly title?: string;
  readonly room?: string;
  /** Where there is one; it is read with `photo`, because it is large. */
  readonly hasPhoto: boolean;
  /** Not to be found by search, nor shown to anybody who does not know the login. */
  readonly hidden: boolean;
}

/** What is searched for; each text given must occur in its field, without regard to case and accents. */
export interface PeopleQuery {
  /** In any of the fields. */
  readonly any?: string;
  readonly name?: string;
  readonly mail?: string;
  readonly unit?: string;
  readonly user?: string;
}

/** A group of the directory. */
export interface Group {
  /** Stable, for comparison. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Logins, those of nested groups included. */
  readonly members: ReadonlySet<string>;
}

/** What has changed in the directory since the last look. */
export interface PeopleChange {
  /** Accounts that may no longer log in: disabled, locked or gone. */
  readonly ended: readonly string[];
  /** Accounts whose data changed. */
  readonly changed: readonly string[];
  /** Whether any group did. */
  readonly groups: boolean;
}

/** Why the directory gives no answer just now. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
}

/** The institution's directory: a contract that adapters fill. Rejects with DirectoryError when it cannot be reached. */
export interface People {
  find(user: string): Promise<Person | undefined>;
  photo(user: string): Promise<{ readonly type: string; readonly data: Uint8Array } | undefined>;
  /** The logins that the local part of an address may mean: none, one, or several (homonyms). Not the login itself. */
  resolve(local: string): Promise<readonly string[]>;
  /** People found, hidden ones never; `more` if there were more than the limit. */
  search(query: PeopleQuery, limit: number): Promise<{ readonly people: readonly Person[]; readonly more: boolean }>;
  /** The groups that are shown in contact lists. */
  groups(): Promise<readonly Group[]>;
  /** Tells of changes, at the latest after the sync interval; the function it returns ends it. */
  watch(run: (change: PeopleChange) => void): () => void;
}
