/** Pure rules of how Immich puts stored settings over its defaults, and takes them apart again. */

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  [key: string]: Json;
}

/** Whether `value` is an object and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The dotted path and the value of every leaf; arrays and null are leaves, empty objects are nothing. */
export function leaves(value: unknown, prefix = ""): [path: string, value: Json][] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    return isObject(inner) ? leaves(inner, path) : [[path, inner] as [string, Json]];
  });
}

/** Sets what the dotted `path` names, making (or replacing by) objects on the way. */
export function setPath(target: JsonObject, path: string, value: Json): void {
  const steps = path.split(".");
  const last = steps.pop() ?? path;
  let place = target;
  for (const step of steps) {
    const next = place[step];
    if (isObject(next)) {
      place = next;
    } else {
      const made: JsonObject = {};
      place[step] = made;
      place = made;
    }
  }
  place[last] = value;
}

/** What the dotted `path` names, undefined where there is nothing. */
export function getPath(target: unknown, path: string): Json | undefined {
  let place: unknown = target;
  for (const step of path.split(".")) {
    if (!isObject(place)) return undefined;
    place = place[step];
  }
  return place as Json | undefined;
}

/**
 * Defaults with every leaf of `overrides` set over them. Arrays are taken whole, null overrides, a
 * dotted key counts as its path. What is not an object (a text, say, when somebody encoded the
 * document twice) has no leaves: the result is the defaults.
 */
export function merge(defaults: JsonObject, overrides: unknown): JsonObject {
  const merged = structuredClone(defaults);
  for (const [path, value] of leaves(overrides)) setPath(merged, path, structuredClone(value));
  return merged;
}

/** What `config` has beyond the paths of `defaults`; an empty object when nothing. */
export function unknownPart(defaults: JsonObject, config: JsonObject): JsonObject {
  const known = new Set(leaves(defaults).map(([path]) => path));
  const extra: JsonObject = {};
  for (const [path, value] of leaves(config)) {
    if (!known.has(path)) setPath(extra, path, value);
  }
  return extra;
}

/** Boolean settings that were given as the texts "true" and "false", made booleans. */
export function convertBooleans(defaults: JsonObject, config: JsonObject): JsonObject {
  const converted = structuredClone(config);
  for (const [path, value] of leaves(defaults)) {
    if (typeof value !== "boolean") continue;
    const given = getPath(converted, path);
    if (given === "true" || given === "false") setPath(converted, path, given === "true");
  }
  return converted;
}

/** What Immich stores of a complete configuration: known leaves that differ and are neither null nor "". */
export function overridesOf(
  defaults: JsonObject,
  config: JsonObject,
): [path: string, value: Json][] {
  return leaves(defaults).flatMap(([path, standard]) => {
    const value = getPath(config, path);
    if (value === undefined || value === null || value === "") return [];
    if (JSON.stringify(value) === JSON.stringify(standard)) return [];
    return [[path, value] as [string, Json]];
  });
}
