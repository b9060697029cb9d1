/** How `docker` words what it knows: states, tables, log lines. */
import type { LogLine, Seen } from "./container";

/** "Up 3 seconds (healthy)", "Exited (1) 5 seconds ago". */
export function statusText({ state }: Seen): string {
  const since = (date: Date | undefined): string =>
    `${Math.max(0, Math.round((Date.now() - (date ?? new Date()).getTime()) / 1000))} seconds`;
  if (state.status === "running" || state.status === "paused") {
    const health = state.health === "starting" ? "health: starting" : state.health;
    return `Up ${since(state.startedAt)}${health === undefined ? "" : ` (${health})`}`;
  }
  if (state.status === "created") return "Created";
  const word = state.status === "restarting" ? "Restarting" : "Exited";
  return `${word} (${state.exitCode}) ${since(state.finishedAt)} ago`;
}

/** Columns as Docker aligns them: three blanks apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_head, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** The log lines that `--tail`, `--since` and `--timestamps` ask for. */
export function chosen(
  lines: readonly LogLine[],
  options: Readonly<Record<string, string>>,
): string[] {
  const since = options["since"] === undefined ? 0 : moment(options["since"]);
  const wanted = lines.filter((line) => line.at.getTime() >= since);
  const count = Number(options["tail"] ?? "NaN");
  const tail = Number.isNaN(count) ? wanted : wanted.slice(Math.max(0, wanted.length - count));
  return tail.map(({ at, text }) =>
    options["timestamps"] === undefined ? text : `${at.toISOString()} ${text}`,
  );
}

/** A time as `--since` takes it: "90s", "10m", "2h", seconds since 1970, or a date. */
function moment(text: string): number {
  const span = /^(\d+)([smh])$/.exec(text);
  if (span !== null) {
    const unit = { s: 1000, m: 60_000, h: 3_600_000 }[span[2] as "s" | "m" | "h"];
    return Date.now() - Number(span[1]) * unit;
  }
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}
