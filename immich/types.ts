/** A setting's value as Immich keeps it. `null` only where Immich's schema allows it. */
export type SettingValue = string | number | boolean | null;

/** Settings by Immich's own dotted names: `oauth.clientId`, `passwordLogin.enabled`. */
export type Settings = Record<string, SettingValue>;

/**
 * Where Immich keeps its settings: `system_metadata` (since 1.106.0: one JSON document in the row
 * `system-config`) or `system_config` (before: a row a setting, JSON-encoded text).
 */
export type StoreName = "system_metadata" | "system_config";

/** Where this project finds Immich's settings: in one of its tables, or wherever it keeps them, through its own API. */
export type SettingsStore = StoreName | "api";

/** The store of a version: since 1.106.0 one JSON document, before a row a setting. */
export const STORES: readonly StoreName[] = ["system_metadata", "system_config"];

/** What was stored for one setting before this project came, exactly enough to put it back. May hold a secret. */
export interface PreviousValue {
  /** Whether the setting was stored at all; one that is not has Immich's default. */
  readonly present: boolean;
  /** Its value, for reading. */
  readonly value?: unknown;
  /** Its exact JSON text: numbers beyond double precision and the old store's bytes survive in it. */
  readonly text?: string;
  /** Old store only: the row was there with SQL's NULL instead of text. */
  readonly sqlNull?: boolean;
  /** Which of its surroundings was absent too: the object it sits in, or the whole row. */
  readonly missing?: "object" | "row";
}

/** What was stored before this project came, by setting. */
export type Previous = Record<string, PreviousValue>;

/** One thing wrong with one setting. */
export interface Problem {
  /** The setting, by Immich's name. */
  readonly key: string;
  /** The value as it may be shown: JSON, shortened, `(secret, not shown)` for a secret. */
  readonly given: string;
  /** What is allowed, as an end to the sentence "allowed is …". */
  readonly allowed: string;
}

/** Asks the database one question. */
export type Query = (text: string, values?: unknown[]) => Promise<Rows>;

/** An answer of the database. */
export interface Rows {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly command?: string;
  readonly rowCount?: number | null;
}

/** What is used of a `pg` client; connected, outside any transaction, and nobody else's meanwhile. */
export interface Database {
  query(text: string, values?: unknown[]): Promise<Rows>;
}

/** Which database, and who logs in. */
export interface DatabaseLogin {
  readonly database: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** The database in words, for messages: `immich in container immich_postgres at admin@192.0.2.22`. */
  readonly where: string;
}
