import { defaultOf } from "./keys";
import { asImmichReads, effective, effectiveOf, sameValue } from "./reading";
import type { Store } from "./stores/store";
import type { Previous, PreviousValue, Settings } from "./types";

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

/** What an OAuth client proves itself with. */
const CLIENT = ["oauth.clientId", "oauth.clientSecret"];

/**
 * Settings that still are as deployed get what was there before, exactly; one that is as before already stays; one that
 * somebody changed stays too, and is named. Where somebody set up another OAuth client (another stack, for one), all of
 * `oauth` is theirs: to switch it off because it was off before would break a login that is not ours. Pure.
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
  const lookAt = (key: string, before: PreviousValue) => {
    const current = effective(config, key);
    return {
      isOurs: sameValue(current, deployed[key]),
      isFormer: sameValue(current, valueOf(before, key, version, store, state)),
    };
  };
  const isTakenOver = CLIENT.every((key) => {
    const before = previous[key];
    if (!before || !Object.hasOwn(deployed, key)) return false;
    const { isOurs, isFormer } = lookAt(key, before);
    return !isOurs && !isFormer;
  });
  for (const [key, before] of Object.entries(previous)) {
    if (!Object.hasOwn(deployed, key)) continue;
    const { isOurs, isFormer } = lookAt(key, before);
    if (!isFormer && (!isOurs || (isTakenOver && key.startsWith("oauth.")))) {
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
export function valueOf<State>(
  before: PreviousValue,
  key: string,
  version: string | undefined,
  store: Store<State>,
  state: State,
): unknown {
  const standard = (): unknown =>
    store.defaultOf?.(state, key) ?? defaultOf(key, version, store.name) ?? null;
  if (!before.present) return standard();
  const value: unknown = before.text === undefined ? before.value : JSON.parse(before.text);
  // Saving, Immich forgets null and empty texts: what was stored so in its database comes back as the default.
  if (store.name === "api" && (before.sqlNull === true || value === null || value === ""))
    return standard();
  if (before.sqlNull === true) return null;
  return effectiveOf(key, value, version, store.name);
}
