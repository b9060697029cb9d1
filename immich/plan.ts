import { SettingsError } from "./errors";
import type { ApplyOptions, Common } from "./options";
import { settled } from "./previous";
import { putBack } from "./putBack";
import { asImmichReads, effective, sameValue } from "./reading";
import { place, refuse, refuseFaults, refuseLockout } from "./refuse";
import type { Store } from "./stores/store";
import type { Previous, Settings } from "./types";
import { select, validateResult, validateSettings } from "./validate";

/** What is to be written, and what to say of it. */
export interface Plan<State> {
  readonly after: State;
  readonly changed: string[];
  readonly skipped: string[];
  readonly restored: string[];
  readonly leftAlone: string[];
  readonly previous: Previous;
  /** An earlier, interrupted run had done some of it already. */
  readonly interrupted: boolean;
}

/**
 * What `apply` writes over what is stored. Pure: everything it needs is given, and it can be tried on any document.
 *
 * @throws SettingsError when the settings, what is stored, or the two together are refused
 */
export function planApply<State>(
  store: Store<State>,
  before: State,
  options: ApplyOptions,
): Plan<State> {
  const { version } = options;
  const { wanted, skipped } = select(options.settings, options);
  refuse("invalid", validateSettings(wanted, options), options, "these settings are refused");
  refuseFaults(store, before, options);

  const seen = (state: State): Record<string, unknown> =>
    asImmichReads(store.overrides(state), version, store.name);
  const had = seen(before);
  const { snapshot = {}, deployed = {} } = options;
  // One that was written, and that an older Immich now does not know, is given up too.
  const lost = Object.entries(snapshot).filter(([key]) => skipped.includes(key));
  const previous = { ...Object.fromEntries(lost), ...options.restore };
  const given = putBack(store, before, { previous, deployed, version });
  const differs = Object.keys(wanted).filter((key) => !sameValue(effective(had, key), wanted[key]));
  const after = differs.reduce(
    (state, key) => store.set(state, key, JSON.stringify(wanted[key])),
    given.state,
  );
  const has = seen(after);
  refuseShadowed(has, wanted, options);
  refuse(
    "stored",
    validateResult(has, wanted, options),
    options,
    "together with what is stored, login would not work",
    "Fix them in Immich (Administration > Settings > OAuth), or let this project own them, then run the same command again.",
  );
  refuseLockout(store, before, after, version, options);

  const kept = settled(store, before, had, { ...options, wanted });
  return {
    after,
    changed: [...differs, ...given.changed],
    skipped,
    restored: given.restored,
    leftAlone: given.leftAlone,
    previous: kept.previous,
    interrupted: kept.interrupted || given.interrupted,
  };
}

/**
 * What `restore` writes over what is stored. Pure.
 *
 * @throws SettingsError when what is stored is broken, or nobody could log in afterwards
 */
export function planRestore<State>(
  store: Store<State>,
  before: State,
  options: Common & { readonly previous: Previous; readonly deployed: Settings },
): Omit<Plan<State>, "skipped" | "previous"> {
  refuseFaults(store, before, options);
  const { state: after, ...done } = putBack(store, before, options);
  refuseLockout(store, before, after, options.version, options);
  return { after, ...done };
}

function refuseShadowed(config: Record<string, unknown>, wanted: Settings, options: Common): void {
  const hidden = Object.keys(wanted).filter(
    (key) => !sameValue(effective(config, key), wanted[key]),
  );
  if (hidden.length === 0) return;
  throw new SettingsError(
    "stored",
    `${place(options, "Writing Immich's settings")}: something else that is stored hides ${hidden.join(", ")} from Immich (a name with dots in it). Nothing has been changed. Save once in Immich (Administration > Settings), which tidies its settings, then run the same command again.`,
  );
}
