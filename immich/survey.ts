import { SettingsError } from "./errors";
import type { Query, StoreName } from "./types";
import { parseVersion, storeOf } from "./version";

/** What a database shows of itself to the login that asks, without an error whatever the login may read. */
export interface Survey {
  readonly database: string;
  readonly login: string;
  /** Which of the two tables there are. */
  readonly tables: readonly StoreName[];
  /** Whether there is `version_history` (Immich makes it since 1.117). */
  readonly hasHistory: boolean;
  /** The newest version in `version_history`, where the login may read it. */
  readonly version?: string;
  /** Whether `system_config` has rows, where the login may read it. */
  readonly configHasRows?: boolean;
  /** What the login may not do on the table that was asked for: "SELECT", "UPDATE", … */
  readonly refused: readonly string[];
}

const NEEDED = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;

/**
 * Looks at what is there, by catalogue functions that need no privilege on the tables: a refused SELECT would end the
 * transaction.
 *
 * @param version Immich's version when it is known already: `version_history` is then not asked
 * @param writing whether the login must be able to write
 */
export async function survey(
  query: Query,
  store: StoreName,
  version: string | undefined,
  writing: boolean,
): Promise<Survey> {
  const may = (table: string, privilege: string): string =>
    `COALESCE(has_table_privilege(to_regclass('public.${table}'), '${privilege}'), false)`;
  const { rows } = await query(
    `SELECT current_database() AS database, current_user AS login,
      to_regclass('public.system_metadata') IS NOT NULL AS system_metadata,
      to_regclass('public.system_config') IS NOT NULL AS system_config,
      to_regclass('public.version_history') IS NOT NULL AS history,
      ${may("version_history", "SELECT")} AS reads_history,
      ${may("system_config", "SELECT")} AS reads_config,
      ${NEEDED.map((privilege) => `${may(store, privilege)} AS "${privilege}"`).join(", ")}`,
  );
  const found = rows[0] ?? {};
  const tables = (["system_metadata", "system_config"] as const).filter((name) => found[name]);
  const history =
    version === undefined && found["reads_history"] === true ? await newest(query) : undefined;
  const both = tables.length === 2;
  const rowsAsked =
    both && (version ?? history) === undefined && found["reads_config"] === true
      ? await query("SELECT EXISTS (SELECT FROM public.system_config) AS some")
      : undefined;
  return {
    database: String(found["database"]),
    login: String(found["login"]),
    tables,
    hasHistory: found["history"] === true,
    version: version ?? history,
    configHasRows: rowsAsked === undefined ? undefined : rowsAsked.rows[0]?.["some"] === true,
    refused: NEEDED.filter(
      (privilege) => (writing || privilege === "SELECT") && found[privilege] !== true,
    ),
  };
}

async function newest(query: Query): Promise<string | undefined> {
  const { rows } = await query(
    'SELECT version FROM public.version_history ORDER BY "createdAt" DESC LIMIT 1',
  );
  const version = rows[0]?.["version"];
  return typeof version === "string" && parseVersion(version) !== undefined
    ? version.trim().replace(/^v/, "")
    : undefined;
}

/**
 * The store that Immich reads in this database. The version decides where it is known; that `system_config` exists proves
 * nothing (1.106 to 1.132 left it behind, empty, and 1.105 already made `system_metadata`).
 *
 * @returns undefined when it can't be told: both tables, no rows in the old one, nothing else known
 */
export function rightStore(seen: Survey): StoreName | undefined {
  if (seen.version !== undefined) return storeOf(seen.version);
  if (seen.tables.length === 1) return seen.tables[0];
  if (seen.configHasRows === true) return "system_config";
  return seen.hasHistory ? "system_metadata" : undefined;
}

/**
 * Refuses a store that is not the one Immich reads, and a login that may not use it.
 *
 * @param where the database in words
 * @throws SettingsError naming the right store and the command, or the privileges that are missing
 */
export function checkStore(
  seen: Survey,
  store: StoreName,
  doing: string,
  where = `database "${seen.database}"`,
): void {
  if (seen.tables.length === 0) {
    throw new SettingsError(
      "store",
      `${doing} in ${where}: it has neither table system_metadata nor system_config, so it is not Immich's, or Immich has never started with it. Name Immich's database: npx pulumi config set postgresDatabase NAME`,
    );
  }
  const right = rightStore(seen);
  if (right !== undefined && right !== store) {
    const because =
      seen.version !== undefined
        ? `Immich ${seen.version} keeps its settings in table ${right}`
        : seen.tables.length === 1
          ? `there is no table ${store}, but there is ${right}`
          : right === "system_config"
            ? "table system_config has rows, so this Immich is older than 1.106"
            : "this Immich is newer than 1.105, and table system_config a leftover";
    throw new SettingsError(
      "store",
      `${doing} in ${where}: settingsStore is ${store}, but ${because}. Set it right: npx pulumi config set settingsStore ${right}`,
    );
  }
  if (!seen.tables.includes(store)) {
    throw new SettingsError(
      "store",
      `${doing} in ${where}: Immich ${seen.version ?? "(version not known)"} keeps its settings in table ${store}, but the database has only ${seen.tables.join(", ")}. Has this Immich started with this database since its upgrade? Look at: docker logs immich_server. Another database is named by: npx pulumi config set postgresDatabase NAME`,
    );
  }
  if (seen.refused.length > 0) {
    throw new SettingsError(
      "permission",
      `${doing} in ${where}: login "${seen.login}" may not ${seen.refused.join(", ")} on table ${store}. Grant it: GRANT SELECT, INSERT, UPDATE, DELETE ON public.${store} TO "${seen.login}"; (a dedicated login is granted this by \`npx pulumi up\`), or use a login that owns Immich's tables: npx pulumi config set postgresLogin existing`,
    );
  }
}
