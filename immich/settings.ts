/**
 * Immich's settings in its own database: looked at, changed and put back, each in one transaction that takes the settings,
 * reads, merges, checks, writes, reads back, compares and commits. Only the settings given are touched.
 */
import { SettingsError } from "./errors";
import { isKnown } from "./keys";
import { settled, type Recorded } from "./previous";
import { asImmichReads, effective, reportable, sameValue } from "./reading";
import { putBack } from "./putBack";
import type { Store } from "./stores/store";
import { systemConfig } from "./stores/systemConfig";
import { systemMetadata } from "./stores/systemMetadata";
import { checkStore, survey } from "./survey";
import { type Outcome, TIMEOUTS, type Timeouts, transaction } from "./transaction";
import type { Database, Previous, Problem, Query, Settings, StoreName } from "./types";
import { locksOut, select, validateResult, validateSettings, validateStored } from "./validate";

/** What every operation is told. */
export interface Common {
  /** The table that `settingsStore` names. */
  readonly store: StoreName;
  /** Immich's version, from its API. Default: from `version_history` where the login may read it. */
  readonly version?: string;
  /** The database in words, for messages: `PostgreSQL in container immich_postgres on 192.168.40.22`. */
  readonly where?: string;
  /** The command that `-c "SQL"` is appended to where a message says how to mend a row. Default `psql -d immich`. */
  readonly psql?: string;
  /** Default {@link TIMEOUTS}. */
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

/** What {@link apply} did. */
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

/** What {@link restore} did. */
export interface Restored extends Changed {
  /** Settings that are as they were once. */
  readonly restored: string[];
  /** Settings that somebody changed meanwhile: left alone. */
  readonly leftAlone: string[];
}

/** What {@link apply} is told. */
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

/**
 * What is stored for these settings, and what of their surroundings is absent. Reads only.
 *
 * @throws SettingsError
 */
export function snapshot(
  db: Database,
  options: Common & { readonly keys: readonly string[] },
): Promise<Previous> {
  return on(options.store, async (store) =>
    within(db, options, true, "Reading Immich's settings", async (query) => {
      const state = await store.read(query);
      refuseFaults(store, state, options);
      const entries = options.keys.map((key) => [key, store.previous(state, key)] as const);
      return { result: Object.fromEntries(entries), commit: false };
    }),
  );
}

/**
 * The values Immich works with, its defaults merged in and its own conversions done, so that an admin's Save is no drift.
 * Settings that this version does not know are left out. A value that no setting can have comes as its JSON text.
 *
 * @throws SettingsError
 */
export function read(
  db: Database,
  options: Common & { readonly keys: readonly string[] },
): Promise<Settings> {
  return on(options.store, async (store) =>
    within(db, options, true, "Reading Immich's settings", async (query, version) => {
      const state = await store.read(query);
      refuseFaults(store, state, options);
      const config = asImmichReads(store.overrides(state), version, store.name);
      const known = options.keys.filter((key) => isKnown(key, version, store.name));
      const entries = known.map(
        (key) => [key, reportable(effective(config, key, store.name))] as const,
      );
      return { result: Object.fromEntries(entries), commit: false };
    }),
  );
}

/**
 * Makes Immich work with these settings. Writes only what differs in effect; a write that changes nothing is not a write.
 *
 * @throws SettingsError; nothing is changed then, `commit-unknown` aside
 */
export function apply(db: Database, options: ApplyOptions): Promise<Applied> {
  return on(options.store, async (store) =>
    within(db, options, false, "Writing Immich's settings", (query, version) =>
      applyIn(store, query, { ...options, version }),
    ),
  );
}

/**
 * Puts back what was there before this project came, for every setting that still is as it was deployed. Values count, not
 * bytes: what was recorded in the old store can be put back into the new one after an upgrade.
 *
 * @throws SettingsError; nothing is changed then, `commit-unknown` aside
 */
export function restore(
  db: Database,
  options: Common & { readonly previous: Previous; readonly deployed: Settings },
): Promise<Restored> {
  return on(options.store, async (store) =>
    within(db, options, false, "Putting back Immich's settings", async (query, version) => {
      const before = await store.lock(query);
      refuseFaults(store, before, options);
      const done = putBack(store, before, { ...options, version });
      const { restored, leftAlone } = done;
      refuseLockout(store, before, done.state, version, options);
      const written = await write(store, query, before, done.state, options);
      const changedAt = written || done.interrupted ? await now(query) : undefined;
      return { result: { written, restored, leftAlone, changedAt }, commit: written };
    }),
  );
}

async function applyIn<State>(
  store: Store<State>,
  query: Query,
  options: ApplyOptions,
): Promise<Outcome<Applied>> {
  const { version } = options;
  const { wanted, skipped } = select(options.settings, options);
  refuse("invalid", validateSettings(wanted, options), options, "these settings are refused");
  const before = await store.lock(query);
  refuseFaults(store, before, options);

  const seen = (state: State): Record<string, unknown> =>
    asImmichReads(store.overrides(state), version, store.name);
  const had = seen(before);
  const given = putBack(store, before, {
    previous: options.restore ?? {},
    deployed: options.deployed ?? {},
    version,
  });
  const differs = Object.keys(wanted).filter(
    (key) => !sameValue(effective(had, key, store.name), wanted[key]),
  );
  const after = differs.reduce(
    (state, key) => store.set(state, key, JSON.stringify(wanted[key])),
    given.state,
  );

  const has = seen(after);
  const shadowed = Object.keys(wanted).filter(
    (key) => !sameValue(effective(has, key, store.name), wanted[key]),
  );
  if (shadowed.length > 0) {
    throw new SettingsError(
      "stored",
      `${place(options, "Writing Immich's settings")}: something else that is stored hides ${shadowed.join(", ")} from Immich (a name with dots in it). Nothing has been changed. Save once in Immich (Administration > Settings), which tidies its settings, then run the same command again.`,
    );
  }
  refuse(
    "stored",
    validateResult(has, wanted, options),
    options,
    "with the settings that are stored already, login would not work",
    " Mend them in Immich (Administration > Settings > OAuth), or let this project own them, then run the same command again.",
  );
  refuseLockout(store, before, after, version, options);

  const recorded: Recorded = { ...options, wanted };
  const kept = settled(store, before, had, recorded);
  const written = await write(store, query, before, after, options);
  const changedAt = written || kept.interrupted || given.interrupted ? await now(query) : undefined;
  const { restored, leftAlone } = given;
  const changed = [...differs, ...given.changed];
  const result = { written, changed, skipped, restored, leftAlone, previous: kept.previous };
  return { result: { ...result, changedAt }, commit: written };
}

/** Writes the difference and compares what the database has then. */
async function write<State>(
  store: Store<State>,
  query: Query,
  before: State,
  after: State,
  options: Common,
): Promise<boolean> {
  if (store.same(before, after)) return false;
  await store.write(query, before, after);
  if (!(await store.matches(query, after))) {
    throw new SettingsError(
      "read-back",
      `${place(options, "Writing Immich's settings")}: what was read back is not what was written (a trigger or a rule on the table?). Nothing has been changed.`,
    );
  }
  return true;
}

async function now(query: Query): Promise<string> {
  const { rows } = await query(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
  );
  return String(rows[0]?.["now"]);
}

function refuseFaults<State>(store: Store<State>, state: State, options: Common): void {
  const faults = validateStored(store, state);
  if (faults.length === 0) return;
  const psql = options.psql ?? "psql -d immich";
  const lines = faults.map(
    ({ what, effect, sql }) => `\n  - ${what}: ${effect}. Mend it: ${psql} -c "${shell(sql)}"`,
  );
  throw new SettingsError(
    "stored",
    `${place(options, "Reading Immich's settings")}: what is stored is broken, and nothing is built on that. Nothing has been changed.${lines.join("")}\nThen run the same command again.`,
  );
}

function refuseLockout<State>(
  store: Store<State>,
  before: State,
  after: State,
  version: string | undefined,
  options: Common,
): void {
  const locked = (state: State): boolean =>
    locksOut(asImmichReads(store.overrides(state), version, store.name), store.name);
  if (!locked(after) || locked(before)) return;
  throw new SettingsError(
    "lockout",
    `${place(options, "Writing Immich's settings")}: with OAuth and password login both off, nobody could log in to Immich. Nothing has been changed. Turn password login on first: docker exec immich_server immich-admin enable-password-login`,
  );
}

function refuse(
  problem: "invalid" | "stored",
  problems: readonly Problem[],
  options: Common,
  what: string,
  way = "",
): void {
  if (problems.length === 0) return;
  const lines = problems.map(describe).join("");
  throw new SettingsError(
    problem,
    `${place(options, "Writing Immich's settings")}: ${what}. Nothing has been changed.${lines}${way === "" ? "" : `\n${way.trim()}`}`,
  );
}

/** One problem as a line of a message. */
export function describe({ key, given, allowed }: Problem): string {
  return `\n  - ${key} is ${given}; allowed is ${allowed}.`;
}

function place({ store, where }: Common, doing: string): string {
  return `${doing} in table ${store}${where === undefined ? "" : ` of ${where}`}`;
}

/** Text inside double quotes of a shell. */
function shell(text: string): string {
  return text.replace(/[\\"$`]/g, "\\$&");
}

type Work<T> = (query: Query, version: string | undefined) => Promise<Outcome<T>>;

async function within<T>(
  db: Database,
  options: Common,
  readOnly: boolean,
  doing: string,
  work: Work<T>,
): Promise<T> {
  const { store, where = "Immich's database" } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const purpose = { doing, where: `table ${store} of ${where}`, readOnly, timeouts };
  return transaction(db, purpose, async (query) => {
    const seen = await survey(query, store, options.version, !readOnly);
    checkStore(seen, store, doing);
    return work(query, seen.version);
  });
}

/** Calls `work` with the store of that name, its type of state kept to itself. */
function on<T>(name: StoreName, work: <State>(store: Store<State>) => Promise<T>): Promise<T> {
  return name === "system_config" ? work(systemConfig) : work(systemMetadata);
}
