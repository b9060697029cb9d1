import type { Timeouts } from "./transaction";
import type { Previous, Settings, SettingsStore } from "./types";

/** What every operation is told. */
export interface Common {
  /** The table that `settingsStore` names, or `api`. */
  readonly store: SettingsStore;
  /** Immich's version, from its API. Default: from `version_history` where the login may read it. */
  readonly version?: string;
  /** The database, or the API, in words, for messages: `PostgreSQL in container immich_postgres on 192.168.40.22`. */
  readonly where?: string;
  /** The command that `-c "SQL"` is appended to where a message says how to fix a row. Default `psql -d immich`. */
  readonly psql?: string;
  /** Default `TIMEOUTS` of transaction.ts. */
  readonly timeouts?: Partial<Timeouts>;
}

/** What a change did. */
export interface Changed {
  /** Whether anything was written. */
  readonly written: boolean;
  /**
   * The database's clock when it was written, ISO 8601. Also set when nothing had to be written because an earlier,
   * interrupted run had done it already, so that what follows a change (a restart) follows it now.
   */
  readonly changedAt?: string;
}

/** What `apply` did. */
export interface Applied extends Changed {
  /** Settings whose value is another one now, those given up included. */
  readonly changed: string[];
  /** Settings of `whereKnown` that this version does not know: not written, not owned. */
  readonly skipped: string[];
  /** Settings given up that are as they were once. */
  readonly restored: string[];
  /** Settings given up that somebody changed meanwhile: left alone. */
  readonly leftAlone: string[];
  /** What to keep for putting things back one day, for every setting written: give it to `restore` as it is. */
  readonly previous: Previous;
}

/** What `restore` did. */
export interface Restored extends Changed {
  /** Settings that are as they were once. */
  readonly restored: string[];
  /** Settings that somebody changed meanwhile: left alone. */
  readonly leftAlone: string[];
}

/** What `apply` is told. */
export interface ApplyOptions extends Common {
  /** The settings to own, and their values. */
  readonly settings: Settings;
  /** Those of them that are left out where this version does not know them. */
  readonly whereKnown?: readonly string[];
  /**
   * What was there before this project came, recorded earlier (by `snapshot`, or an earlier `apply`). A setting that was
   * changed since by somebody else, and never written by this project, gets what is there now in its place.
   */
  readonly snapshot?: Previous;
  /** What this project wrote last, from its state. Absent when it has never written. */
  readonly deployed?: Settings;
  /** Settings given up by this change, put back in the same transaction where they still are as `deployed`. */
  readonly restore?: Previous;
}
