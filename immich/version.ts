import type { StoreName } from "./types";

/**
 * The numbers of an Immich version: "1.135.3", "v1.135.3", "3.0.0-rc.1". A part that is not given counts as 0.
 *
 * @returns undefined when it is no version
 */
export function parseVersion(text: string): readonly [number, number, number] | undefined {
  const parts = /^\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?\s*$/.exec(text);
  if (parts === null) return undefined;
  return [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)];
}

/**
 * Below zero when `a` is the older one, zero when they are the same. A pre-release counts as its release: it has that
 * release's settings.
 *
 * @throws RangeError when one of them is no version
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (left === undefined || right === undefined) {
    throw new RangeError(`not an Immich version: ${left === undefined ? a : b}`);
  }
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** Whether `version` is `since` or newer. */
export function atLeast(version: string, since: string): boolean {
  return compareVersions(version, since) >= 0;
}

/** The store that an Immich of this version reads (it changed with 1.106.0). */
export function storeOf(version: string): StoreName {
  return atLeast(version, "1.106.0") ? "system_metadata" : "system_config";
}

/**
 * Whether an Immich of this version must be restarted to see settings changed in its database: up to 1.106.2 they are
 * kept in the process, newer ones read the row on each request (measured: 9–33 ms after the commit). Unknown: yes.
 */
export function needsRestart(version: string | undefined): boolean {
  return version === undefined || !atLeast(version, "1.106.3");
}
