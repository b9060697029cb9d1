/**
 * Immich's settings, in its own database or through its API: looked at, changed and put back. Each is one operation that
 * takes the settings, reads, merges, checks, writes, reads back and compares. Only the settings given are touched.
 */
import { ImmichApi } from "./api/client";
import { isKnown } from "./keys";
import type { Applied, ApplyOptions, Common, Restored } from "./options";
import { planApply, planRestore } from "./plan";
import { asImmichReads, effective, reportable } from "./reading";
import { refuse, refuseFaults } from "./refuse";
import { throughApi } from "./stores/api";
import type { Opened, Work } from "./stores/store";
import { inTransaction, type Purpose } from "./stores/tables";
import type { Database, Previous, Settings } from "./types";
import { select, validateSettings } from "./validate";

export type { Applied, ApplyOptions, Changed, Common, Restored } from "./options";

/** Where the settings are reached: a session with Immich's database, or Immich's API (`store` is `api` then). */
export type Place = Database | ImmichApi;

const READING: Purpose = { doing: "Reading Immich's settings", readOnly: true };
const WRITING: Purpose = { doing: "Writing Immich's settings", readOnly: false };
const PUTTING_BACK: Purpose = { doing: "Putting back Immich's settings", readOnly: false };

/**
 * What is stored for these settings, and what of their surroundings is absent. Reads only.
 *
 * @throws SettingsError
 */
export function snapshot(
  at: Place,
  options: Common & { readonly keys: readonly string[] },
): Promise<Previous> {
  return within(at, options, READING, async ({ store, read }) => {
    const state = await read();
    refuseFaults(store, state, options);
    const entries = options.keys.map((key) => [key, store.previous(state, key)] as const);
    return { result: Object.fromEntries(entries), commit: false };
  });
}

/**
 * The values Immich works with, its defaults merged in and its own conversions done, so that an admin's Save is no drift.
 * Settings that this version does not know are left out. A value that no setting can have comes as its JSON text.
 *
 * @throws SettingsError
 */
export function read(
  at: Place,
  options: Common & { readonly keys: readonly string[] },
): Promise<Settings> {
  return within(at, options, READING, async ({ store, version, read: look }) => {
    const state = await look();
    refuseFaults(store, state, options);
    const config = asImmichReads(store.overrides(state), version, store.name);
    const known = options.keys.filter((key) => isKnown(key, version, store.name));
    const entries = known.map((key) => [key, reportable(effective(config, key))] as const);
    return { result: Object.fromEntries(entries), commit: false };
  });
}

/**
 * Makes Immich work with these settings. Writes only what differs in effect; a write that changes nothing is not a write.
 *
 * @throws SettingsError; nothing is changed then, `commit-unknown` aside
 */
export function apply(at: Place, options: ApplyOptions): Promise<Applied> {
  return within(at, options, WRITING, async (opened) => {
    const told = { ...options, version: opened.version };
    // Refused before anything is locked; the plan checks again, with what is stored.
    const { wanted } = select(options.settings, told);
    refuse("invalid", validateSettings(wanted, told), told, "these settings are refused");
    const before = await opened.lock();
    const { after, interrupted, ...result } = planApply(opened.store, before, told);
    const done = await finish(opened, before, after, interrupted);
    return { result: { ...result, ...done }, commit: done.written };
  });
}

/**
 * Puts back what was there before this project came, for every setting that still is as it was deployed. Values count, not
 * bytes: what was recorded in the old store can be put back into the new one after an upgrade.
 *
 * @throws SettingsError; nothing is changed then, `commit-unknown` aside
 */
export function restore(
  at: Place,
  options: Common & { readonly previous: Previous; readonly deployed: Settings },
): Promise<Restored> {
  return within(at, options, PUTTING_BACK, async (opened) => {
    const before = await opened.lock();
    const plan = planRestore(opened.store, before, { ...options, version: opened.version });
    const { after, interrupted, restored, leftAlone } = plan;
    const done = await finish(opened, before, after, interrupted);
    return { result: { ...done, restored, leftAlone }, commit: done.written };
  });
}

/** Writes the difference, where there is one, and says when. */
async function finish<State>(
  { store, write, now }: Opened<State>,
  before: State,
  after: State,
  interrupted: boolean,
): Promise<{ written: boolean; changedAt?: string }> {
  const written = !store.same(before, after);
  if (written) await write(before, after);
  return { written, changedAt: written || interrupted ? await now() : undefined };
}

/** Runs `work` on the settings, by the way that leads to them. */
function within<T>(at: Place, options: Common, purpose: Purpose, work: Work<T>): Promise<T> {
  if (at instanceof ImmichApi) return throughApi(at, options, work);
  const { store } = options;
  if (store === "api") throw new TypeError("a database has no store named api");
  return inTransaction(at, { ...options, store }, purpose, work);
}
