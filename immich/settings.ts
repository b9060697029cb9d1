/**
 * Immich's settings in its own database: looked at, changed and put back, each in one transaction that takes the settings,
 * reads, merges, checks, writes, reads back, compares and commits. Only the settings given are touched.
 */
import { SettingsError } from "./errors";
import { isKnown } from "./keys";
import type { Applied, ApplyOptions, Common, Restored } from "./options";
import { planApply, planRestore } from "./plan";
import { asImmichReads, effective, reportable } from "./reading";
import { place, refuse, refuseFaults } from "./refuse";
import type { Store } from "./stores/store";
import { systemConfig } from "./stores/systemConfig";
import { systemMetadata } from "./stores/systemMetadata";
import { checkStore, survey } from "./survey";
import { type Outcome, TIMEOUTS, transaction } from "./transaction";
import type { Database, Previous, Query, Settings, StoreName } from "./types";
import { select, validateSettings } from "./validate";
import { parseVersion } from "./version";

export type { Applied, ApplyOptions, Changed, Common, Restored } from "./options";

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
      const entries = known.map((key) => [key, reportable(effective(config, key))] as const);
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
    within(db, options, false, "Writing Immich's settings", async (query, version) => {
      const told = { ...options, version };
      // Refused before anything is locked; the plan checks again, with what is stored.
      const { wanted } = select(options.settings, told);
      refuse("invalid", validateSettings(wanted, told), told, "these settings are refused");
      const before = await store.lock(query);
      const { after, interrupted, ...result } = planApply(store, before, told);
      const done = await finish(store, query, before, after, interrupted, options);
      return { result: { ...result, ...done }, commit: done.written };
    }),
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
      const plan = planRestore(store, before, { ...options, version });
      const { after, interrupted, restored, leftAlone } = plan;
      const done = await finish(store, query, before, after, interrupted, options);
      return { result: { ...done, restored, leftAlone }, commit: done.written };
    }),
  );
}

/** Writes the difference, where there is one, and says when. */
async function finish<State>(
  store: Store<State>,
  query: Query,
  before: State,
  after: State,
  interrupted: boolean,
  options: Common,
): Promise<{ written: boolean; changedAt?: string }> {
  const written = await write(store, query, before, after, options);
  return { written, changedAt: written || interrupted ? await now(query) : undefined };
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
    const { version } = options;
    const told = version !== undefined && parseVersion(version) !== undefined ? version : undefined;
    const seen = await survey(query, store, told, !readOnly);
    checkStore(seen, store, doing, options.where);
    return work(query, seen.version);
  });
}

/** Calls `work` with the store of that name, its type of state kept to itself. */
function on<T>(name: StoreName, work: <State>(store: Store<State>) => Promise<T>): Promise<T> {
  return name === "system_config" ? work(systemConfig) : work(systemMetadata);
}
