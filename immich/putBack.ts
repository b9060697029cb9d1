import { defaultOf } from "./keys";
import { asImmichReads, effective, effectiveOf, sameValue } from "./reading";
import type { Store } from "./stores/store";
import type { Previous, PreviousValue, Settings, StoreName } from "./types";

/** What is to be put back. */
export interface PutBack {
  readonly previous: Previous;
  /** What this project wrote last: a setting that is not in it was never written, and is not put back. */
  readonly deployed: Settings;
  readonly version?: string;
}

/** What came of it. */
export interface PutBackResult<State> {
  readonly state: State;
  /** Settings whose value in effect is another one now. */
  readonly changed: string[];
  readonly restored: string[];
  readonly leftAlone: string[];
  /** Some were as before already although they had been deployed: an interrupted run put them back, or somebody did. */
  readonly interrupted: boolean;
}

/**
 * Settings that still are as deployed get what was there before, exactly; one that is as before already stays; one that
 * somebody changed stays too, and is named. Pure.
 */
export function putBack<State>(
  store: Store<State>,
  state: State,
  { previous, deployed, version }: PutBack,
): PutBackResult<State> {
  const config = asImmichReads(store.overrides(state), version, store.name);
  const changed: string[] = [];
  const restored: string[] = [];
  const leftAlone: string[] = [];
  const touched: [string, PreviousValue][] = [];
  let interrupted = false;
  let after = state;
  for (const [key, before] of Object.entries(previous)) {
    if (!Object.hasOwn(deployed, key)) continue;
    const current = effective(config, key);
    const former = valueOf(before, key, version, store.name);
    const isOurs = sameValue(current, deployed[key]);
    const isFormer = sameValue(current, former);
    if (!isOurs && !isFormer) {
      leftAlone.push(key);
      continue;
    }
    restored.push(key);
    if (!isOurs) {
      interrupted = true;
      continue;
    }
    // A Save in Immich takes a stored default away; it says the same, and needs no write.
    if (isFormer && before.present && !store.previous(state, key).present) continue;
    if (!isFormer) changed.push(key);
    after = store.putBack(after, key, before);
    touched.push([key, before]);
  }
  if (touched.length > 0) after = store.prune(after, Object.entries(previous));
  return { state: after, changed, restored, leftAlone, interrupted };
}

/** The value in effect that a recorded one stands for: absent means Immich's default. */
export function valueOf(
  before: PreviousValue,
  key: string,
  version: string | undefined,
  store: StoreName,
): unknown {
  if (!before.present) return defaultOf(key, version, store) ?? null;
  if (before.sqlNull === true) return null;
  const value: unknown = before.text === undefined ? before.value : JSON.parse(before.text);
  return effectiveOf(key, value, version, store);
}
