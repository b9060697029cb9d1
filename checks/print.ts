// The doctor's table for people, and the same as JSON.
import { catalogue, type CheckId } from "./catalogue";
import type { CheckResult } from "./types";

/** What `npm run doctor -- --json` prints. */
export interface Report {
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
}

/** ok is true when nothing is broken; what could not be asked or crashed does not count against it. */
export function report(results: readonly CheckResult[]): Report {
  return { ok: results.every((one) => one.verdict !== "broken"), checks: results };
}

/** "28 ok, 1 broken, 2 unknown", and "1 crashed" should there be such. */
export function summary(results: readonly CheckResult[]): string {
  const count = (verdict: string) => results.filter((one) => one.verdict === verdict).length;
  return (["ok", "broken", "unknown", "crashed"] as const)
    .map((verdict) => `${count(verdict)} ${verdict}`)
    .filter((text) => !text.startsWith("0 "))
    .join(", ");
}

/** The whole table, one line a check, for a terminal of the given width (default 100). */
export function table(results: readonly CheckResult[], width = 100): string {
  const mark = {
    ok: "ok      ",
    broken: "BROKEN  ",
    unknown: "unknown ",
    crashed: "CRASHED ",
  } as const;
  const idWidth = Math.max(...results.map((one) => one.id.length)) + 2;
  return results
    .map((one) => {
      const head = `${mark[one.verdict]}${one.id.padEnd(idWidth)}`;
      const room = Math.max(30, width - head.length);
      return head + (one.fix === "" ? shorten(one.seen, room) : one.seen);
    })
    .join("\n");
}

/** The most causes that failureText tells in full, so that it stays under 20 lines. */
const MOST_CAUSES = 4;

/**
 * What a failed deployment says: only what is broken, each with what was seen and what to do, and a
 * summary. Under 20 lines, whatever is broken.
 */
export function failureText(results: readonly CheckResult[]): string {
  const bad = results.filter((one) => one.verdict === "broken");
  const lines = bad.slice(0, MOST_CAUSES).flatMap((one) => advice(one));
  if (bad.length > MOST_CAUSES) {
    const rest = bad.slice(MOST_CAUSES).map((one) => one.id);
    lines.push(`And ${rest.length} more: ${rest.join(", ")}.`);
  }
  return [
    `Logging in to Immich through Authentik does not work: ${summary(results)}.`,
    ...lines,
    ...results.flatMap(({ note }) => note ?? []),
    "All checks: `npm run doctor`. Symptoms and causes: docs/troubleshooting.md.",
  ].join("\n");
}

/** Three lines for a check that is broken or crashed: which, what was seen, what to do. */
export function advice(one: CheckResult): string[] {
  const title = catalogue[one.id as CheckId]?.title ?? one.id;
  return [`✗ ${title} (${one.id})`, `    seen:   ${one.seen}`, `    fix:    ${one.fix}`];
}

function shorten(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
