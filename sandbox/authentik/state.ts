/** Keeps the store over a restart of the process, in a file that only its owner can read. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import type { Snapshot } from "./store";
import { Store } from "./store";

/** Writes everything to a file; private keys and passwords too. */
export function saveState(store: Store, file: string): void {
  writeFileSync(file, JSON.stringify(store.snapshot()), { mode: 0o600 });
}

/** Reads a file that `saveState` wrote; undefined when there is none. */
export function loadState(file: string): Store | undefined {
  if (!existsSync(file)) return undefined;
  return Store.from(JSON.parse(readFileSync(file, "utf8")) as Snapshot);
}
