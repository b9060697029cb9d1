/** What a homelab has: looked at before the tests and after them, and compared. */
import { isDeepStrictEqual } from "node:util";

import type { Homelab } from "./homelab";
import { type Inventory, type Json, KINDS } from "./inventory";

/** What changes by itself, or tells of other objects that are compared themselves. */
const BY_ITSELF =
  /^last_|^expires$|^cache_count$|^avatar$|_obj$|_at$|icon_url$|background_url$|_themed_urls$/;

/** Looks at everything. Reads only. */
export async function lookAt(homelab: Homelab): Promise<Inventory> {
  const authentik: Record<string, Record<string, Json>> = {};
  for (const [path] of KINDS) {
    const objects = (await homelab.list(path))
      // Authentik ends and renews these by itself.
      .filter((one) => one["expiring"] !== true)
      .map((one) => [String(one["pk"]), stable(one)] as const);
    authentik[path] = Object.fromEntries(objects);
  }
  const users = await homelab.immichApi<Json[]>("GET", "admin/users?withDeleted=true");
  return {
    authentik,
    settings: await settingsOf(homelab),
    people: users.map(({ email }) => String(email)).sort(),
    database: await databaseOf(homelab),
  };
}

/** Without what changes by itself; lists of keys in one order, which is not Authentik's to promise. */
function stable(object: Json): Json {
  const ordered = (value: unknown): unknown =>
    Array.isArray(value) && value.every((one) => typeof one !== "object")
      ? value.toSorted()
      : value;
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !BY_ITSELF.test(key))
      .map(([key, value]) => [key, ordered(value)]),
  );
}

/**
 * The settings as they are stored. Of `system_metadata` the one row that holds them: Immich writes others as it likes,
 * such as the time when it last looked for a new version.
 */
export async function settingsOf(homelab: Homelab): Promise<Inventory["settings"]> {
  const tables = await homelab.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name IN ('system_metadata', 'system_config') ORDER BY 1`,
  );
  const settings: Record<string, Record<string, string>> = {};
  for (const { name } of tables) {
    const which = name === "system_metadata" ? "WHERE key = 'system-config'" : "";
    const rows = await homelab.sql<{ key: string; value: string }>(
      `SELECT key, value::text FROM public.${name} ${which} ORDER BY key COLLATE "C"`,
    );
    settings[name] = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  }
  return settings;
}

async function databaseOf(homelab: Homelab): Promise<string[]> {
  const rows = await homelab.sql<{ name: string }>(`
    SELECT 'login ' || rolname AS name FROM pg_roles
    UNION ALL SELECT 'table ' || tablename FROM pg_tables WHERE schemaname = 'public'
    UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'right ' || relname || ' ' || acl FROM pg_class, unnest(coalesce(relacl, acldefault('r', relowner))) AS acl
      WHERE relnamespace = 'public'::regnamespace AND relname IN ('system_metadata', 'system_config')
    ORDER BY 1`);
  return rows.map(({ name }) => name);
}

/** What is not as it was, a line each, without a value. Empty: all of it is. */
export function differences(before: Inventory, after: Inventory): string[] {
  return [
    ...KINDS.flatMap(([path, [name = "pk"]]) =>
      compare(before.authentik[path] ?? {}, after.authentik[path] ?? {}).map(
        ([what, key, was, is]) =>
          `Authentik, ${path.replace(/\?.*/, "")} ${String((is ?? was)?.[name] ?? key)}: ${what}`,
      ),
    ),
    ...[...new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])].flatMap(
      (table) =>
        compare(before.settings[table] ?? {}, after.settings[table] ?? {}).map(
          ([what, key]) => `Immich's settings, ${key} of ${table}: ${what}`,
        ),
    ),
    ...compareLists(before.people, after.people, "Immich's user"),
    ...compareLists(before.database, after.database, "Immich's database,"),
  ];
}

function compare<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): [what: string, key: string, was: T | undefined, is: T | undefined][] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const was = before[key];
    const is = after[key];
    if (isDeepStrictEqual(was, is)) return [];
    if (was === undefined) return [["is new", key, was, is]];
    if (is === undefined) return [["is gone", key, was, is]];
    return [[`is not as it was${changedKeys(was, is)}`, key, was, is]];
  });
}

function changedKeys(was: unknown, is: unknown): string {
  if (typeof was !== "object" || typeof is !== "object" || was === null || is === null) return "";
  const of = (key: string, object: object): unknown => (object as Json)[key];
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return `: ${keys.filter((key) => !isDeepStrictEqual(of(key, was), of(key, is))).join(", ")}`;
}

function compareLists(before: readonly string[], after: readonly string[], what: string): string[] {
  return [
    ...after.filter((one) => !before.includes(one)).map((one) => `${what} ${one}: is new`),
    ...before.filter((one) => !after.includes(one)).map((one) => `${what} ${one}: is gone`),
  ];
}
