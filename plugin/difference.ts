// The answer to "what would change": by property path, and whether a change means a new resource.

import { DiffResponse, PropertyDiff } from "@pulumi/pulumi/proto/provider_pb";

import type { Change, Difference } from "./provider";
import { same, UNKNOWN, isObject, type Value } from "./wire";

const kinds: Record<Change, PropertyDiff.Kind> = {
  add: PropertyDiff.Kind.ADD,
  "add-replace": PropertyDiff.Kind.ADD_REPLACE,
  delete: PropertyDiff.Kind.DELETE,
  "delete-replace": PropertyDiff.Kind.DELETE_REPLACE,
  update: PropertyDiff.Kind.UPDATE,
  "update-replace": PropertyDiff.Kind.UPDATE_REPLACE,
};

/** The difference in the engine's form. */
export function differenceResponse(difference: Difference): DiffResponse {
  const response = new DiffResponse();
  const paths = Object.entries(difference.changes);
  const replaced = paths.filter(([, change]) => change.endsWith("replace"));
  response.setChanges(
    paths.length > 0 ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE,
  );
  response.setDiffsList([...new Set(paths.map(([path]) => root(path)))]);
  response.setReplacesList([...new Set(replaced.map(([path]) => root(path)))]);
  response.setDeletebeforereplace(replaced.length > 0 && difference.deleteFirst === true);
  response.setStablesList([...(difference.stables ?? [])]);
  if (difference.namesOnly) {
    response.setDiffsList(response.getDiffsList().sort());
    return response;
  }
  for (const [path, change] of paths) {
    const detail = new PropertyDiff();
    detail.setKind(kinds[change]);
    detail.setInputdiff(difference.ofInputs === true);
    response.getDetaileddiffMap().set(path, detail);
  }
  response.setHasdetaileddiff(true);
  return response;
}

/** Leaves out what the user asked to ignore. */
export function withoutIgnored(difference: Difference, ignored: readonly string[]): Difference {
  const kept = Object.entries(difference.changes).filter(
    ([path]) => !ignored.some((item) => path === item || root(path) === item),
  );
  return { ...difference, changes: Object.fromEntries(kept) };
}

/**
 * The changes from one value to another, down to the elements that differ.
 *
 * @param path Where the values are, such as `connection` or `triggers[0]`.
 * @param replace Whether a change means a new resource.
 */
export function changesBetween(
  path: string,
  from: Value | undefined,
  to: Value | undefined,
  replace: boolean,
): Record<string, Change> {
  const suffix = replace ? "-replace" : "";
  if (from === undefined || from === null) {
    return to === undefined || to === null ? {} : { [path]: `add${suffix}` as Change };
  }
  if (to === undefined || to === null) return { [path]: `delete${suffix}` as Change };
  if (to !== UNKNOWN && same(from, to)) return {};
  if (Array.isArray(from) && Array.isArray(to)) {
    const changes: Record<string, Change> = {};
    for (let index = 0; index < Math.max(from.length, to.length); index++) {
      Object.assign(changes, changesBetween(`${path}[${index}]`, from[index], to[index], replace));
    }
    return changes;
  }
  if (isObject(from) && isObject(to)) {
    const changes: Record<string, Change> = {};
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      Object.assign(changes, changesBetween(join(path, key), from[key], to[key], replace));
    }
    return changes;
  }
  return { [path]: `update${suffix}` as Change };
}

function join(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function root(path: string): string {
  return path.split(/[.[]/)[0] ?? path;
}
