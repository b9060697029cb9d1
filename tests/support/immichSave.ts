/** An admin's Save in Immich, as its own code does it: the whole configuration, without what is at its default or empty. */
import { KEYS, defaultOf, isKnown } from "../../immich/keys";
import { asImmichReads, effective, leaves, get } from "../../immich/reading";
import type { StoreName } from "../../immich/types";

interface Override {
  readonly property: string;
  readonly value: unknown;
}

/** The settings that a Save stores, by dotted name. Of the settings this project does not know, nothing is kept. */
export function saved(
  overrides: readonly Override[],
  version: string,
  store: StoreName,
): Record<string, unknown> {
  const config = asImmichReads(overrides, version, store);
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(KEYS).filter((key) => isKnown(key, version, store))) {
    const value = effective(config, name);
    if (value === undefined || value === null || value === "") continue;
    if (value !== defaultOf(name, version, store)) kept[name] = value;
  }
  return kept;
}

/** The document of the new store after a Save. */
export function savedDocument(document: unknown, version: string): Record<string, unknown> {
  const overrides = leaves(document).map((property) => ({
    property,
    value: get(document, property),
  }));
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [name, value] of Object.entries(saved(overrides, version, "system_metadata"))) {
    const [group = "", leaf = ""] = name.split(".");
    (nested[group] ??= {})[leaf] = value;
  }
  return nested;
}
