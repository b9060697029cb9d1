/** Processes of a run that are still there: a CLI that was interrupted, plugins that outlive it. */
import { readdirSync, readFileSync } from "node:fs";

import { until } from "../running";
import { RUN_VARIABLE } from "./run";

/**
 * Ends what the tests of a run have started, by a variable of its environment: SIGINT first, by which a CLI ends in an
 * orderly way. Where there is no /proc nothing is found.
 *
 * @param file the run's
 */
export async function endLeftovers(file: string): Promise<void> {
  if (left(file).length === 0) return;
  for (const [signal, seconds] of [
    ["SIGINT", 30],
    ["SIGKILL", 10],
  ] as const) {
    for (const pid of left(file)) send(pid, signal);
    const gone = until("the run's processes end", () => left(file).length === 0, seconds);
    if (await gone.then(() => true).catch(() => false)) return;
  }
}

function left(file: string): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => environment(pid).includes(`${RUN_VARIABLE}=${file}`))
      .map(Number);
  } catch {
    return [];
  }
}

function environment(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // gone, or another user's
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone meanwhile
  }
}
