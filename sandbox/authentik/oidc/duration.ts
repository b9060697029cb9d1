/** Durations as Authentik writes them: "hours=1;minutes=30". */

const SECONDS: Readonly<Record<string, number>> = {
  weeks: 604_800,
  days: 86_400,
  hours: 3600,
  minutes: 60,
  seconds: 1,
  milliseconds: 0.001,
  microseconds: 0.000_001,
};

/** Whether a text is a duration. */
export function isDuration(text: string): boolean {
  return text.split(";").every((part) => {
    const [unit = "", amount = ""] = part.split("=");
    return SECONDS[unit] !== undefined && /^\d+$/.test(amount);
  });
}

/** A duration in whole seconds, at least one. */
export function seconds(text: string): number {
  const total = text.split(";").reduce((sum, part) => {
    const [unit = "", amount = "0"] = part.split("=");
    return sum + (SECONDS[unit] ?? 0) * Number(amount);
  }, 0);
  return Math.max(1, Math.round(total));
}
