import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, parse, stringify } from "../json";
import { get, leaves, toPath } from "../reading";
import type { PreviousValue, Query } from "../types";
import type { Fault, TableStore } from "./store";

/** Immich's settings since 1.106.0: the JSON document, or undefined while the row is absent (nobody has saved yet). */
export interface Document {
  readonly value: Json | undefined;
}

const TABLE = "public.system_metadata";
const ROW = "system-config";
const WHERE = `WHERE key = '${ROW}'`;

/** `system_metadata`: one document with the overrides, nested. Other rows of the table are never touched. */
export const systemMetadata: TableStore<Document> = {
  name: "system_metadata",

  async lock(query) {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const found = await select(query, " FOR UPDATE");
      if (found.value !== undefined) return found;
      // There is no row to lock. One of our own, which nobody sees until the commit, makes everybody wait who would
      // make it too. When somebody was faster, theirs is there to be locked now.
      const { rowCount } = await query(
        `INSERT INTO ${TABLE} (key, value) VALUES ('${ROW}', '{}') ON CONFLICT (key) DO NOTHING`,
      );
      if (rowCount === 1) return { value: undefined };
    }
    throw Object.assign(new Error("the row comes and goes"), { code: "40001", severity: "ERROR" });
  },

  read: (query) => select(query, ""),

  faults: ({ value }) => (value === undefined || isObject(value) ? [] : [notAnObject(value)]),

  overrides({ value }) {
    const document: unknown = value === undefined ? {} : JSON.parse(stringify(inOrder(value)));
    return leaves(document).map((property) => ({ property, value: get(document, property) }));
  },

  previous({ value }, key) {
    const [object, name] = split(key);
    if (value === undefined) return { present: false, missing: "row" };
    const document = isObject(value) ? value : {};
    const spelled = flatNames(document, key)[0];
    if (spelled !== undefined) return present(document[spelled]);
    const inner = document[object];
    if (!isObject(inner)) return { present: false, missing: "object" };
    return Object.hasOwn(inner, name) ? present(inner[name]) : { present: false };
  },

  set({ value }, key, text) {
    const document = isObject(value) ? { ...value } : {};
    const [object, name] = split(key);
    const flat = flatNames(document, key);
    for (const spelled of flat) document[spelled] = parse(text);
    const inner = document[object];
    const isNested = isObject(inner) && Object.hasOwn(inner, name);
    // A flat `oauth.enabled` wins over the nested one, which then stays as it is, or absent.
    if (flat.length === 0 || (isNested && !flat.includes(key))) {
      document[object] = { ...(isObject(inner) ? inner : {}), [name]: parse(text) };
    }
    return { value: document };
  },

  putBack(state, key, previous) {
    if (previous.present) return this.set(state, key, textOf(previous));
    if (!isObject(state.value)) return state;
    const document = { ...state.value };
    const [object, name] = split(key);
    for (const spelled of flatNames(document, key)) delete document[spelled];
    const inner = document[object];
    if (isObject(inner)) document[object] = without(inner, name);
    return { value: document };
  },

  prune({ value }, previous) {
    if (!isObject(value)) return { value };
    const document = { ...value };
    for (const [key, { missing }] of previous) {
      const [object] = split(key);
      const inner = document[object];
      if (missing !== undefined && isObject(inner) && isEmpty(inner)) delete document[object];
    }
    const rowWasAbsent = previous.some(([, { missing }]) => missing === "row");
    return { value: rowWasAbsent && isEmpty(document) ? undefined : document };
  },

  same: (a, b) => isDeepStrictEqual(a, b),

  async write(query, _before, after) {
    if (after.value === undefined) await query(`DELETE FROM ${TABLE} ${WHERE}`);
    else await query(`UPDATE ${TABLE} SET value = $1::jsonb ${WHERE}`, [stringify(after.value)]);
  },

  async matches(query, { value }) {
    const { rows } = await query(`SELECT value = $1::jsonb AS same FROM ${TABLE} ${WHERE}`, [
      value === undefined ? "null" : stringify(value),
    ]);
    return value === undefined
      ? rows.length === 0
      : rows.length === 1 && rows[0]?.["same"] === true;
  },
};

async function select(query: Query, lock: string): Promise<Document> {
  const { rows } = await query(`SELECT value::text AS text FROM ${TABLE} ${WHERE}${lock}`);
  const text = rows[0]?.["text"];
  return { value: typeof text === "string" ? parse(text) : undefined };
}

/** The exact JSON text of what was stored once. */
export function textOf(previous: PreviousValue): string {
  return previous.text ?? JSON.stringify(previous.value ?? null);
}

function present(value: Json | undefined): PreviousValue {
  const text = stringify(value ?? null);
  return { present: true, value: JSON.parse(text) as unknown, text };
}

function split(key: string): readonly [object: string, name: string] {
  const [object = "", ...name] = key.split(".");
  return [object, name.join(".")];
}

/** Top-level names that Immich takes for the setting: `oauth.enabled` (first, it wins), `oauth["enabled"]`. */
function flatNames(document: JsonObject, key: string): string[] {
  const names = Object.keys(document).filter(
    (name) =>
      name !== key && /[.[]/.test(name) && toPath(name).join("\0") === key.split(".").join("\0"),
  );
  return Object.hasOwn(document, key) ? [key, ...names] : names;
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

/** With names in the order that `jsonb` gives them, shorter ones first: of two that mean the same, Immich takes the last. */
function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  const names = Object.keys(value).map((name) => Buffer.from(name));
  names.sort((a, b) => a.length - b.length || a.compare(b));
  return Object.fromEntries(
    names.map((bytes) => [bytes.toString(), inOrder(value[bytes.toString()] ?? null)]),
  );
}

function isEmpty(object: JsonObject): boolean {
  return Object.keys(object).length === 0;
}

function notAnObject(value: Json): Fault {
  const holdsObject = typeof value === "string" && isJsonObject(value);
  const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  return {
    what: `the row ${ROW} is ${typeof value === "object" && !Array.isArray(value) && value !== null ? "a number" : kind} instead of an object${holdsObject ? " (it was JSON-encoded twice)" : ""}`,
    effect: "Immich silently ignores it and runs with its defaults",
    sql: holdsObject
      ? `UPDATE system_metadata SET value = (value #>> '{}')::jsonb ${WHERE}`
      : `DELETE FROM system_metadata ${WHERE}`,
  };
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(parse(text));
  } catch {
    return false;
  }
}
