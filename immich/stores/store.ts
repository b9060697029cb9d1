import type { Override } from "../reading";
import type { Outcome } from "../transaction";
import type { PreviousValue, Query, SettingsStore } from "../types";

/** Something stored that keeps Immich from starting or makes it ignore its settings. */
export interface Fault {
  /** What is wrong, naming the row or setting; never a value. */
  readonly what: string;
  /** What a real server does with it. */
  readonly effect: string;
  /** SQL that fixes it. */
  readonly sql: string;
}

/**
 * One kind of place that Immich's settings are kept in. `State` is what is stored there, and is never changed in place:
 * `set` and its like are pure, and give a new one.
 */
export interface Store<State> {
  readonly name: SettingsStore;
  /** What is wrong with the shape of what is stored. */
  faults(state: State): Fault[];
  /** The stored leaves, in the order Immich sets them over its defaults. */
  overrides(state: State): Override[];
  /** What is stored for a setting. */
  previous(state: State, key: string): PreviousValue;
  /** What Immich itself says is a setting's default. Undefined: its version tells. */
  defaultOf?(state: State, key: string): unknown;
  /** With this JSON text for a setting, wherever it is stored already, so that Immich reads just that. */
  set(state: State, key: string, text: string): State;
  /** With a setting as it was once. */
  putBack(state: State, key: string, previous: PreviousValue): State;
  /** Without the empty surroundings that were absent once, for settings that were just put back. */
  prune(state: State, previous: readonly (readonly [key: string, value: PreviousValue])[]): State;
  /** Whether nothing differs. */
  same(a: State, b: State): boolean;
}

/** A store in a table of Immich's database. */
export interface TableStore<State> extends Store<State> {
  /**
   * Inside a transaction: takes the settings for this transaction alone, also against somebody who would make them when
   * they are absent, and reads them.
   */
  lock(query: Query): Promise<State>;
  /** Reads without locking. */
  read(query: Query): Promise<State>;
  /** Inside the transaction that locked: writes the difference. */
  write(query: Query, before: State, after: State): Promise<void>;
  /** Whether what the database now has is just this, other settings included. */
  matches(query: Query, state: State): Promise<boolean>;
}

/** The settings of one Immich while one operation is at work on them. */
export interface Opened<State> {
  readonly store: Store<State>;
  /** Immich's version. Undefined: not known. */
  readonly version: string | undefined;
  /** Reads. */
  read(): Promise<State>;
  /** Reads what is going to be changed, and keeps others from changing it meanwhile, as far as the store can. */
  lock(): Promise<State>;
  /**
   * Writes the difference and compares what is there then.
   *
   * @throws SettingsError
   */
  write(before: State, after: State): Promise<void>;
  /** The time by the store's clock, ISO 8601. */
  now(): Promise<string>;
}

/** What one operation does. It may be called again where somebody else was faster. */
export type Work<T> = <State>(opened: Opened<State>) => Promise<Outcome<T>>;
