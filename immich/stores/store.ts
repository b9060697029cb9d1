import type { Override } from "../reading";
import type { PreviousValue, Query, StoreName } from "../types";

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
 * One place that Immich keeps its settings in. `State` is what is stored there, and is never changed in place: `set` and
 * `unset` are pure, and give a new one.
 */
export interface Store<State> {
  readonly name: StoreName;
  /**
   * Inside a transaction: takes the settings for this transaction alone, also against somebody who would make them when
   * they are absent, and reads them.
   */
  lock(query: Query): Promise<State>;
  /** Reads without locking. */
  read(query: Query): Promise<State>;
  /** What is wrong with the shape of what is stored. */
  faults(state: State): Fault[];
  /** The stored leaves, in the order Immich sets them over its defaults. */
  overrides(state: State): Override[];
  /** What is stored for a setting. */
  previous(state: State, key: string): PreviousValue;
  /** With this JSON text for a setting, wherever it is stored already, so that Immich reads just that. */
  set(state: State, key: string, text: string): State;
  /** With a setting as it was once. */
  putBack(state: State, key: string, previous: PreviousValue): State;
  /** Without the empty surroundings that were absent once, for settings that were just put back. */
  prune(state: State, previous: readonly (readonly [key: string, value: PreviousValue])[]): State;
  /** Whether nothing differs. */
  same(a: State, b: State): boolean;
  /** Inside the transaction that locked: writes the difference. */
  write(query: Query, before: State, after: State): Promise<void>;
  /** Whether what the database now has is just this, other settings included. */
  matches(query: Query, state: State): Promise<boolean>;
}
