/**
 * `npm test`: types, style, and every test. Ends with the line `N passed, N failed`.
 * Arguments go to jest: `npm test -- tests/unit`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
  readonly numRuntimeErrorTestSuites: number;
}

const root = join(__dirname, "..");
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

/** The checks beside jest, each counted as a test. */
const CHECKS: readonly [string, string[]][] = [
  ["types", [bin("tsc"), "-p", "."]],
  ["lint", [bin("eslint"), "."]],
  ["format", [bin("prettier"), "--check", "--log-level", "warn", "."]],
];

function run(command: readonly string[]): boolean {
  const [program = "", ...args] = command;
  return spawnSync(program, args, { cwd: root, stdio: "inherit" }).status === 0;
}

function main(): number {
  const selected = process.argv.slice(2);
  let passed = 0;
  let failed = 0;
  for (const [name, command] of selected.length > 0 ? [] : CHECKS) {
    const ok = run(command);
    process.stderr.write(`${ok ? "ok" : "FAILED"}: ${name}\n`);
    if (ok) passed++;
    else failed++;
  }

  const folder = mkdtempSync(join(tmpdir(), "immich-sso-test-"));
  let report: JestReport | undefined;
  try {
    const file = join(folder, "report.json");
    run([bin("jest"), "--json", "--outputFile", file, ...selected]);
    report = JSON.parse(readFileSync(file, "utf8")) as JestReport;
  } catch (error) {
    process.stderr.write(`jest left no report: ${String(error)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  passed += report?.numPassedTests ?? 0;
  // A suite that could not run at all has no failed test, but is a failure.
  failed += (report?.numFailedTests ?? 0) + (report?.numRuntimeErrorTestSuites ?? 1);
  const skipped = report?.numPendingTests ?? 0;
  process.stdout.write(
    `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
  );
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exit(main());
