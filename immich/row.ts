/**
 * What the resources do, without Pulumi: Immich's settings remembered, written, read and put back, over SSH or through its
 * API. Each operation can be run again after any failure, and then finishes what was begun.
 */
import { open, type Open, refuseConfigFile, type Way } from "./open";
import { sameValue } from "./reading";
import { apply, read, restore, snapshot } from "./settings";
import type { Previous, Settings } from "./types";

/** What was there before. */
export interface Snapshot {
  /** Secret: an earlier client secret may be in it. */
  readonly previous: Previous;
  /** As the public API tells it, empty where it can't be asked. */
  readonly immichVersion: string;
}

/** The settings to have. */
export interface Wanted {
  readonly settings: Settings;
  /** Settings to have where this version of Immich knows them. */
  readonly whereKnown?: Settings;
  /** What was there before, as `snapshotRow` told it. */
  readonly previous: Previous;
}

/** What is kept of a written row, to know later what has happened to it. Secret: the client secret is in it. */
export interface RowState {
  /** The owned settings as Immich works with them, defaults merged in. After a refresh: as they have become. */
  readonly settings: Settings;
  /** The owned settings as this project wrote them last; a refresh leaves them alone. */
  readonly deployed: Settings;
  /** What to put back one day. */
  readonly previous: Previous;
  /** When the settings last changed (ISO 8601): what follows a change, follows a new value of this. */
  readonly settingsChangedAt: string;
  /** As the public API tells it, empty where it can't be asked. */
  readonly immichVersion: string;
  /** Settings of `whereKnown` that this Immich does not know. */
  readonly skipped: readonly string[];
}

/** A change, done. */
export interface RowChange {
  readonly state: RowState;
  /** Names of the settings that have another value now. */
  readonly changed: readonly string[];
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/** A removal, done. */
export interface RowRemoval {
  /** Names of the settings that are as they were before this project came. */
  readonly restored: readonly string[];
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/**
 * Remembers what is stored for `keys`. Reads only.
 *
 * @param known what is on record already; those keys keep it, and the ones not asked for are dropped
 * @param look called first, on the open session: what it throws ends the operation
 * @throws SshError, DatabaseError, SettingsError
 */
export function snapshotRow(
  context: Way,
  keys: readonly string[],
  known: Previous = {},
  look: (opened: Open) => Promise<void> = async () => {},
): Promise<Snapshot> {
  return open(context, async (opened) => {
    const { place, common, version } = opened;
    await look(opened);
    await refuseConfigFile(opened);
    const fresh = keys.filter((key) => !Object.hasOwn(known, key));
    const found = await snapshot(place, { ...common, keys: fresh });
    return { previous: pick({ ...found, ...pick(known, keys) }, keys), immichVersion: version };
  });
}

/**
 * Makes Immich work with these settings, for the first time as far as is known. Always a new `settingsChangedAt`: an
 * earlier attempt may have been killed between its write and the restart.
 *
 * @throws SshError, DatabaseError, SettingsError; nothing is changed then, unless the message says so
 */
export function createRow(context: Way, wanted: Wanted): Promise<RowChange> {
  return open(context, async (opened) => {
    await refuseConfigFile(opened);
    const applied = await apply(opened.place, {
      ...opened.common,
      ...told(wanted),
      snapshot: wanted.previous,
    });
    const settings = without(all(wanted), applied.skipped);
    return {
      state: {
        settings,
        deployed: settings,
        previous: applied.previous,
        settingsChangedAt: applied.changedAt ?? new Date().toISOString(),
        immichVersion: opened.version,
        skipped: applied.skipped,
      },
      changed: applied.changed,
      warnings: [],
    };
  });
}

/**
 * Looks at the owned settings. What this version of Immich does not know keeps its recorded value. Where a value is not
 * the recorded one, something was written since, by somebody or by a run that was killed: `settingsChangedAt` is new then.
 *
 * @throws SshError, DatabaseError, SettingsError
 */
export function readRow(context: Way, state: RowState): Promise<RowState> {
  return open(context, async ({ place, common, version }) => {
    const keys = Object.keys(state.settings);
    // After an upgrade Immich knows more: such a setting then shows as one that is to be written.
    const found = await read(place, { ...common, keys: [...keys, ...state.skipped] });
    const settings = { ...state.settings, ...found };
    const same = keys.every((key) => sameValue(settings[key], state.settings[key]));
    return {
      ...state,
      settings,
      skipped: state.skipped.filter((key) => !Object.hasOwn(found, key)),
      settingsChangedAt: same ? state.settingsChangedAt : new Date().toISOString(),
      immichVersion: version || state.immichVersion,
    };
  });
}

/**
 * What Immich works with, defaults merged in; settings that its version does not know are left out. Reads only.
 *
 * @throws SshError, DatabaseError, SettingsError
 */
export function readSettings(context: Way, keys: readonly string[]): Promise<Settings> {
  return open(context, ({ place, common }) => read(place, { ...common, keys }));
}

/**
 * Makes Immich work with other settings than before; those given up get back what was there before.
 *
 * `settingsChangedAt` is new when something was written, and when the values are not those of `state`: then an earlier run
 * wrote them and was killed before it could say so.
 *
 * @param state what the last operation returned
 * @throws SshError, DatabaseError, SettingsError; nothing is changed then, unless the message says so
 */
export function updateRow(context: Way, wanted: Wanted, state: RowState): Promise<RowChange> {
  return open(context, async (opened) => {
    await refuseConfigFile(opened);
    const names = Object.keys(all(wanted));
    const givenUp = Object.keys(state.deployed).filter((key) => !names.includes(key));
    const applied = await apply(opened.place, {
      ...opened.common,
      ...told(wanted),
      snapshot: { ...wanted.previous, ...pick(state.previous, names) },
      deployed: state.deployed,
      restore: pick(state.previous, givenUp),
    });
    const settings = without(all(wanted), applied.skipped);
    const moved = Object.keys(settings).some(
      (key) => Object.hasOwn(state.settings, key) && !sameValue(settings[key], state.settings[key]),
    );
    const changedAt = applied.changedAt ?? (moved ? new Date().toISOString() : undefined);
    return {
      state: {
        settings,
        deployed: settings,
        previous: applied.previous,
        settingsChangedAt: changedAt ?? state.settingsChangedAt,
        immichVersion: opened.version,
        skipped: applied.skipped,
      },
      changed: applied.changed,
      warnings: leftAlone(applied.leftAlone, opened.where),
    };
  });
}

/**
 * Puts back what was there before, except where somebody has changed it since.
 *
 * @throws SshError, DatabaseError, SettingsError; nothing is changed then, unless the message says so
 */
export function deleteRow(context: Way, state: RowState): Promise<RowRemoval> {
  return open(context, async ({ place, common, where }) => {
    const { previous, deployed } = state;
    const done = await restore(place, { ...common, previous, deployed });
    return { restored: done.restored, warnings: leftAlone(done.leftAlone, where) };
  });
}

const all = ({ settings, whereKnown }: Wanted): Settings => ({ ...settings, ...whereKnown });

const told = (wanted: Wanted) => ({
  settings: all(wanted),
  whereKnown: Object.keys(wanted.whereKnown ?? {}),
});

function pick<T>(from: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function without<T>(from: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
}

function leftAlone(keys: readonly string[], where: string): string[] {
  if (keys.length === 0) return [];
  return [
    `Immich's settings in ${where}: ${keys.join(", ")} ${keys.length === 1 ? "was" : "were"} changed by somebody ` +
      `since and left as ${keys.length === 1 ? "it is" : "they are"}. Look at them in Immich: Administration > Settings > OAuth.`,
  ];
}
