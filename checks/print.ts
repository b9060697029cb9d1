// The doctor's table for people, and the same as JSON.
import { catalogue, checkGroups, type CheckId } from "./catalogue";
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

/** How a table is shown. */
export interface Look {
  /** Width of the terminal, in columns. Default: 100. */
  readonly width?: number;
  /** Whether the terminal shows colours. Default: no. */
  readonly colour?: boolean;
}

const MARKS = { ok: "ok", broken: "BROKEN", unknown: "unknown", crashed: "CRASHED" } as const;
const COLOURS = { ok: 32, broken: 31, unknown: 33, crashed: 35 } as const;

/** The whole table, a line a check: what is broken or crashed first, then the rest by group. */
export function table(
  results: readonly CheckResult[],
  { width = 100, colour = false }: Look = {},
): string {
  const idWidth = Math.max(...results.map((one) => one.id.length)) + 2;
  const line = (one: CheckResult): string => {
    const mark = MARKS[one.verdict].padEnd(8);
    const head = `${one.id.padEnd(idWidth)}`;
    const room = Math.max(30, width - mark.length - head.length);
    const text = one.fix === "" ? shorten(one.seen, room) : one.seen;
    return `${colour ? `\u001b[${COLOURS[one.verdict]}m${mark}\u001b[0m` : mark}${head}${text}`;
  };
  const first = results.filter(({ verdict }) => verdict === "broken" || verdict === "crashed");
  const groups = checkGroups
    .map(([title, ids]) => ({
      title,
      rest: results.filter((one) => ids.includes(one.id) && !first.includes(one)),
    }))
    .filter(({ rest }) => rest.length > 0);
  return [
    ...(first.length === 0 ? [] : [first.map(line).join("\n")]),
    ...groups.map(({ title, rest }) =>
      [`${title}: ${summary(rest)}`, ...rest.map(line)].join("\n"),
    ),
  ].join("\n\n");
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
