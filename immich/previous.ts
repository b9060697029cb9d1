import { valueOf } from "./putBack";
import { effective, sameValue } from "./reading";
import type { Store } from "./stores/store";
import type { Previous, PreviousValue, Settings } from "./types";

/** What is on record when settings are written. */
export interface Recorded {
  readonly wanted: Settings;
  readonly snapshot?: Previous;
  readonly deployed?: Settings;
  readonly restore?: Previous;
  readonly version?: string;
}

/**
 * What to keep on record for putting things back one day.
 *
 * A setting written before keeps what is on record. One never written does too when what is there now is just that, or is
 * what is wanted already (an earlier run was killed after its COMMIT). Otherwise somebody changed it since, and what is
 * there now is what to go back to.
 *
 * @param before what was stored when this write began
 * @param had the same as Immich reads it
 */
export function settled<State>(
  store: Store<State>,
  before: State,
  had: Record<string, unknown>,
  { wanted, snapshot = {}, deployed = {}, restore = {}, version }: Recorded,
): { readonly previous: Previous; readonly interrupted: boolean } {
  const surroundings = { ...snapshot, ...restore };
  const previous: Previous = {};
  let interrupted = false;
  for (const key of Object.keys(wanted)) {
    const current = effective(had, key);
    const recorded = snapshot[key];
    const former = recorded && valueOf(recorded, key, version, store, before);
    const wasWritten = Object.hasOwn(deployed, key);
    const isWanted = sameValue(current, wanted[key]);
    const stands = recorded !== undefined && (isWanted || sameValue(current, former));
    previous[key] =
      recorded !== undefined && wasWritten
        ? recorded
        : inherit(key, stands ? recorded : store.previous(before, key), surroundings);
    const expected = wasWritten ? deployed[key] : former;
    const isOnRecord = wasWritten || recorded !== undefined;
    if (isOnRecord && isWanted && !sameValue(current, expected)) interrupted = true;
  }
  return { previous, interrupted };
}

/**
 * A setting that joins later finds an object, or a row, that is there only because of the earlier ones: what they say of
 * it counts.
 */
function inherit(key: string, found: PreviousValue, others: Previous): PreviousValue {
  if (found.present) return found;
  const object = key.split(".")[0];
  const missing = Object.entries(others).flatMap(([other, value]) =>
    value.missing === "row" || (value.missing !== undefined && other.split(".")[0] === object)
      ? [value.missing]
      : [],
  );
  const most = missing.includes("row") ? "row" : (missing[0] ?? found.missing);
  return most === undefined ? found : { ...found, missing: found.missing === "row" ? "row" : most };
}
