/**
 * How Immich reads what is stored: its defaults, then each stored leaf set over them, by lodash's rules for paths. Done the
 * same way here, so that what is compared, checked and reported is what Immich would use.
 */
import { KEYS, defaultOf, isKnown } from "./keys";
import type { SettingValue, SettingsStore } from "./types";
import { atLeast } from "./version";

/** One stored leaf: where Immich sets it, and what. Values are plain JavaScript, as Immich's own JSON.parse gives them. */
export interface Override {
  /** Immich's property name, dots and all. */
  readonly property: string;
  readonly value: unknown;
}

type Plain = Record<string, unknown>;

/** The objects of Immich's configuration (1.135.3): anything else in their place makes it fail where it reads inside. */
export const SECTIONS: readonly string[] = [
  ...["backup", "backup.database", "ffmpeg", "image", "image.thumbnail", "image.preview"],
  ...["image.fullsize", "job", "library", "library.scan", "library.watch", "logging"],
  ...["machineLearning", "machineLearning.clip", "machineLearning.duplicateDetection"],
  ...["machineLearning.facialRecognition", "map", "metadata", "metadata.faces", "newVersionCheck"],
  ...["notifications", "notifications.smtp", "notifications.smtp.transport", "oauth"],
  ...["passwordLogin", "reverseGeocoding", "server", "storageTemplate", "templates"],
  ...["templates.email", "theme", "trash", "user"],
];

const PART =
  /[^.[\]]+|\[(?:(-?\d+(?:\.\d+)?)|(["'])((?:(?!\2)[^\\]|\\.)*?)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|$))/g;

/** The steps of a property name as lodash takes them: `a.b`, `a[b]` and `a["b"]` are the same. */
export function toPath(property: string): string[] {
  const path = property.startsWith(".") ? [""] : [];
  for (const [match, index, quote, quoted] of property.matchAll(PART)) {
    path.push(quote === undefined ? (index ?? match) : (quoted ?? "").replace(/\\(\\)?/g, "$1"));
  }
  return path;
}

function isContainer(value: unknown): value is Plain {
  return value !== null && typeof value === "object";
}

/** The names of a document's leaves, in its own order; arrays are leaves, an empty object has none. */
export function leaves(value: unknown, path: readonly string[] = []): string[] {
  if (!isContainer(value)) return [];
  return Object.keys(value).flatMap((name) => {
    const item = value[name];
    return isContainer(item) && !Array.isArray(item)
      ? leaves(item, [...path, name])
      : [[...path, name].join(".")];
  });
}

/** lodash's `get`: a name that is there as it is wins over the path it spells. */
export function get(object: unknown, property: string): unknown {
  if (!isContainer(object)) return undefined;
  if (Object.hasOwn(object, property)) return object[property];
  let value: unknown = object;
  for (const step of toPath(property)) {
    if (!isContainer(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** lodash's `set`: makes the objects on the way, in the place of anything that is none. */
function set(object: Plain, path: readonly string[], value: unknown): void {
  let place = object;
  for (const [index, step] of path.entries()) {
    if (["__proto__", "constructor", "prototype"].includes(step)) return;
    if (index === path.length - 1) {
      place[step] = value;
      return;
    }
    const next = Object.hasOwn(place, step) ? place[step] : undefined;
    place = (isContainer(next) ? next : (place[step] = {})) as Plain;
  }
}

/**
 * The configuration that Immich works with: the settings this project knows, and what is stored of the others.
 *
 * @param overrides what is stored, in the order Immich reads it
 */
export function asImmichReads(
  overrides: readonly Override[],
  version: string | undefined,
  store: SettingsStore,
): Plain {
  const config: Plain = {};
  for (const section of SECTIONS) set(config, section.split("."), {});
  for (const name of Object.keys(KEYS)) {
    if (version === undefined || isKnown(name, version, store)) {
      set(config, name.split("."), defaultOf(name, version, store));
    }
  }
  for (const { property, value } of overrides) {
    set(config, toPath(property), structuredClone(value));
  }
  if (store === "system_metadata") {
    for (const name of Object.keys(KEYS)) {
      const value = get(config, name);
      if (typeof value === "string") set(config, name.split("."), convert(name, value, version));
    }
  }
  return config;
}

/**
 * Readers of the new store turn the text "true" of a switch into what it says, measured on 1.135.3 with "false" too; the first
 * ones (1.106) passed texts on, and those of the old store always did: any text is on for them.
 */
function convert(name: string, value: unknown, version: string | undefined): unknown {
  if (typeof KEYS[name]?.defaults[0]?.value !== "boolean") return value;
  if (value === "true") return true;
  const isOff = value === "false" && version !== undefined && atLeast(version, "1.135.0");
  return isOff ? false : value;
}

/** The value Immich works with: null for one that is not there. */
export function effective(config: Plain, name: string): unknown {
  return get(config, name) ?? null;
}

/** The value in effect of a setting that is stored like this, and nothing else. */
export function effectiveOf(
  name: string,
  value: unknown,
  version: string | undefined,
  store: SettingsStore,
): unknown {
  if (isContainer(value) && !Array.isArray(value)) {
    const overrides = leaves(value).map((leaf) => ({
      property: `${name}.${leaf}`,
      value: get(value, leaf),
    }));
    return effective(asImmichReads(overrides, version, store), name);
  }
  return (store === "system_metadata" ? convert(name, value, version) : value) ?? null;
}

/** A value as it can be reported: one that no setting can have (an object, an array) as its JSON text. */
export function reportable(value: unknown): SettingValue {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) {
    return value as SettingValue;
  }
  return JSON.stringify(value) ?? null;
}

/** Whether two values are the same to Immich. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
