// Durations as Authentik writes them: hours=1;minutes=2;seconds=3.

import type { Value } from "../../../plugin/wire";

const units = ["microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks"];

/** What is wrong with a duration; undefined: nothing. */
export function checkDuration(value: Value): string | undefined {
  for (const part of String(value).split(";")) {
    const [unit, amount] = part.split("=");
    if (amount === undefined) return `${part} has incorrect amount of elements`;
    if (!units.includes((unit ?? "").toLowerCase()))
      return `${part} has incorrect key ${unit ?? ""}`;
  }
  return undefined;
}
