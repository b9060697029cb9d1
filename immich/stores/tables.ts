/** Immich's settings in a table of its database: each operation is one transaction. */
import { SettingsError } from "../errors";
import type { Common } from "../options";
import { place } from "../refuse";
import { checkStore, survey } from "../survey";
import { TIMEOUTS, transaction } from "../transaction";
import type { Database, Query, StoreName } from "../types";
import { parseVersion } from "../version";
import type { Opened, TableStore, Work } from "./store";
import { systemConfig } from "./systemConfig";
import { systemMetadata } from "./systemMetadata";

/** What an operation is, for its messages and its transaction. */
export interface Purpose {
  /** "Writing Immich's settings" */
  readonly doing: string;
  readonly readOnly: boolean;
}

/**
 * Runs `work` in one transaction: all of it is done, or none.
 *
 * @throws SettingsError
 */
export async function inTransaction<T>(
  db: Database,
  options: Common & { readonly store: StoreName },
  { doing, readOnly }: Purpose,
  work: Work<T>,
): Promise<T> {
  const { store, where = "Immich's database", version } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const purpose = { doing, where: `table ${store} of ${where}`, readOnly, timeouts };
  return transaction(db, purpose, async (query) => {
    const told = version !== undefined && parseVersion(version) !== undefined ? version : undefined;
    const seen = await survey(query, store, told, !readOnly);
    checkStore(seen, store, doing, options.where);
    return store === "system_config"
      ? work(opened(systemConfig, query, seen.version, options))
      : work(opened(systemMetadata, query, seen.version, options));
  });
}

function opened<State>(
  store: TableStore<State>,
  query: Query,
  version: string | undefined,
  options: Common,
): Opened<State> {
  return {
    store,
    version,
    read: () => store.read(query),
    lock: () => store.lock(query),
    async write(before, after) {
      await store.write(query, before, after);
      if (await store.matches(query, after)) return;
      throw new SettingsError(
        "read-back",
        `${place(options, "Writing Immich's settings")}: what was read back is not what was written (a trigger or a rule on the table?). Nothing has been changed.`,
      );
    },
    async now() {
      const { rows } = await query(
        `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
      );
      return String(rows[0]?.["now"]);
    },
  };
}
