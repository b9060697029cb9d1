// Versions of Immich, as far as the checks depend on them.

/** Whether `version` ("1.135.3", "v3.0.0-rc.1") is `least` or newer; false when it is not a version. */
export function atLeast(version: string | undefined, least: string): boolean {
  const numbers = (text: string) =>
    (/^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const have = version === undefined ? [] : numbers(version);
  if (have.length === 0) return false;
  const want = numbers(least);
  for (let part = 0; part < 3; part++) {
    const difference = (have[part] ?? 0) - (want[part] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
