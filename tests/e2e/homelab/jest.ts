/** Runs the end-to-end tests against the homelab of a run. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_FOLDER } from "../../../commands/cli";
import { placesOf, type Run, RUN_VARIABLE } from "./run";

export interface Result {
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that were skipped; each says why. */
  readonly skipped: readonly string[];
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * Runs them one after the other, as they share the homelab.
 *
 * @param tests paths or parts of paths. Default: all
 * @throws Error where jest left no report
 */
export async function runJest(
  run: Run,
  tests: readonly string[],
  stop: AbortSignal,
): Promise<Result> {
  const { folder, file, temporary } = placesOf(run.prefix);
  const output = join(folder, "report.json");
  mkdirSync(temporary, { recursive: true });
  const jest = join(PROJECT_FOLDER, "node_modules", "jest", "bin", "jest.js");
  const paths = tests.length > 0 ? tests : ["tests/e2e/"];
  const args = ["--runInBand", "--verbose", "--json", "--outputFile", output, ...paths];
  const child = spawn(process.execPath, [jest, ...args], {
    cwd: PROJECT_FOLDER,
    env: { ...process.env, [RUN_VARIABLE]: file, TMPDIR: temporary },
    // Ctrl-C is for whoever started this: what the tests have begun is ended in order.
    detached: true,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const end = (): void => void child.kill("SIGTERM");
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  await new Promise((done, fail) => child.once("error", fail).once("close", done));
  if (stop.aborted) return { passed: 0, failed: 1, skipped: [] };
  const report = JSON.parse(readFileSync(output, "utf8")) as Report;
  if (report.testResults.length === 0) throw new Error(`There is no test ${tests.join(", ")}`);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === "pending").map(({ fullName }) => fullName),
    ),
  };
}
