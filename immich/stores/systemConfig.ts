import { isDeepStrictEqual } from "node:util";
import type { Override } from "../reading";
import type { Query } from "../types";
import type { Fault, TableStore } from "./store";
import { textOf } from "./systemMetadata";

/** Immich's settings up to 1.105.1: the text of each row, null for SQL's NULL. */
export type ConfigRows = Readonly<Record<string, string | null>>;

const TABLE = "public.system_config";

/** `system_config`: a row a setting that differs from its default, the value as JSON-encoded text. */
export const systemConfig: TableStore<ConfigRows> = {
  name: "system_config",

  async lock(query) {
    // A setting at its default has no row to lock, so the table is taken for as long as it takes: readers go on, writers
    // wait. UPDATE on the table is all the privilege this needs.
    await query(`LOCK TABLE ${TABLE} IN SHARE ROW EXCLUSIVE MODE`);
    return select(query);
  },

  read: select,

  faults: (rows) =>
    Object.entries(rows).flatMap(([key, text]) => (isJson(text) ? [] : [notJson(key, text ?? "")])),

  overrides: (rows) =>
    Object.entries(rows).flatMap(([property, text]): Override[] =>
      isJson(text)
        ? [{ property, value: text === null ? null : (JSON.parse(text) as unknown) }]
        : [],
    ),

  previous(rows, key) {
    const text = Object.hasOwn(rows, key) ? rows[key] : undefined;
    // Should Immich move to the new store, its upgrade makes the object only because of our rows.
    if (text === undefined) return { present: false, missing: "object" };
    if (text === null) return { present: true, value: null, sqlNull: true };
    return { present: true, value: JSON.parse(text) as unknown, text };
  },

  set: (rows, key, text) => ({ ...rows, [key]: text }),

  putBack(rows, key, previous) {
    if (previous.present) {
      return { ...rows, [key]: previous.sqlNull === true ? null : textOf(previous) };
    }
    return Object.fromEntries(Object.entries(rows).filter(([name]) => name !== key));
  },

  prune: (rows) => rows,

  same: (a, b) => isDeepStrictEqual(a, b),

  async write(query, before, after) {
    const written = Object.keys(after).filter((key) => before[key] !== after[key]);
    const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
    if (gone.length > 0) await query(`DELETE FROM ${TABLE} WHERE key = ANY($1::text[])`, [gone]);
    if (written.length > 0) {
      await query(
        `INSERT INTO ${TABLE} (key, value) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        [written, written.map((key) => after[key] ?? null)],
      );
    }
  },

  matches: async (query, rows) => isDeepStrictEqual({ ...(await select(query)) }, { ...rows }),
};

async function select(query: Query): Promise<ConfigRows> {
  const { rows } = await query(`SELECT key, value FROM ${TABLE} ORDER BY key`);
  return Object.fromEntries(
    rows.map(({ key, value }) => [String(key), value === null ? null : String(value)]),
  );
}

function isJson(text: string | null): boolean {
  if (text === null) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function notJson(key: string, text: string): Fault {
  const name = key.replaceAll("'", "''");
  return {
    what: `the value of row ${key} is ${text.trim() === "" ? "empty text" : "not JSON (text must stand in double quotes)"}`,
    effect: "Immich does not start with it",
    sql: `UPDATE system_config SET value = to_json(value)::text WHERE key = '${name}'`,
  };
}
