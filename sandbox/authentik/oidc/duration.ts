/** Durations as Authentik writes them: "hours=1;minutes=30". */
import { floatFrom } from "../api/values";

const SECONDS: Readonly<Record<string, number>> = {
  weeks: 604_800,
  days: 86_400,
  hours: 3600,
  minutes: 60,
  seconds: 1,
  milliseconds: 0.001,
  microseconds: 0.000_001,
};

/** A duration that Python can't hold; Authentik fails at it. */
export class TooLong extends Error {}

/** Longest duration that Python can hold, in seconds. */
const LONGEST = 999_999_999 * 86_400;

/**
 * A duration in seconds; a unit that Authentik does not know counts nothing. Undefined for what is no duration.
 * @throws TooLong
 */
function total(text: string): number | undefined {
  const amounts = new Map<string, number>();
  for (const part of text.split(";")) {
    const [unit = "", amount, ...more] = part.split("=");
    if (amount === undefined || more.length) return undefined;
    if (SECONDS[unit.toLowerCase()] === undefined) continue;
    const number = floatFrom(amount);
    if (number === undefined) return undefined;
    amounts.set(unit.toLowerCase(), number);
  }
  if (amounts.size === 0) return undefined;
  const sum = [...amounts].reduce((all, [unit, amount]) => all + (SECONDS[unit] ?? 0) * amount, 0);
  if (Number.isNaN(sum)) return undefined;
  if (Math.abs(sum) > LONGEST) throw new TooLong(`duration out of range: ${text}`);
  return sum;
}

/** Whether a text is a duration. */
export function isDuration(text: string): boolean {
  return total(text) !== undefined;
}

/** A duration in whole seconds, at least one. */
export function seconds(text: string): number {
  return Math.max(1, Math.round(total(text) ?? 0));
}
