/**
 * How long a warm `pulumi preview` of this program takes beside an empty TypeScript program on the same
 * engine, in one run, by turns: node -r ./register.js bench/preview.ts [--runs N] [--json]
 *
 * The program is deployed to a sandbox first, so its preview compares all of its resources.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { PROJECT_FOLDER, pulumi, type CliOptions } from "../commands/cli";
import { startSandbox, type Sandbox } from "../sandbox/client";

const ALLOWED_RATIO = 1.5;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { runs: { type: "string", default: "5" }, json: { type: "boolean" } },
  });
  const sandbox = await startSandbox({ portBase: 0 });
  const empty = mkdtempSync(join(tmpdir(), "immich-sso-bench-"));
  try {
    const result = await measure(sandbox, empty, Number(values.runs));
    if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(table(result));
    process.exitCode = result.ratio <= ALLOWED_RATIO ? 0 : 1;
  } finally {
    rmSync(empty, { recursive: true, force: true });
    await sandbox.stop();
  }
}

interface Result {
  /** Median wall time of the empty program's preview, in seconds. */
  readonly empty: number;
  /** Median wall time of this program's preview, in seconds. */
  readonly program: number;
  readonly ratio: number;
  readonly runs: number;
}

async function measure(sandbox: Sandbox, folder: string, runs: number): Promise<Result> {
  const { environment } = sandbox;
  const ours = ["--stack", "sandbox", ...sandbox.arguments];
  await ok(["up", "--yes", "--skip-preview", ...ours], { environment });
  makeEmptyProgram(folder);
  await ok(["stack", "init", "empty"], { environment, folder });

  const previews = {
    empty: () => ok(["preview", "--stack", "empty"], { environment, folder }),
    program: () => ok(["preview", "--expect-no-changes", ...ours], { environment }),
  };
  await previews.empty();
  await previews.program();
  const times = { empty: [] as number[], program: [] as number[] };
  for (let run = 0; run < runs; run++) {
    for (const which of ["empty", "program"] as const) {
      const started = performance.now();
      await previews[which]();
      times[which].push((performance.now() - started) / 1000);
    }
  }
  const empty = median(times.empty);
  const program = median(times.program);
  return { empty, program, ratio: program / empty, runs };
}

/** The smallest TypeScript program that Pulumi takes, loaded in the same way as this one. */
function makeEmptyProgram(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const files = {
    "Pulumi.yaml": "name: empty\nruntime:\n  name: nodejs\n  options: { typescript: true }\n",
    "package.json": '{ "name": "empty", "main": "index.ts" }\n',
    "tsconfig.json":
      '{ "compilerOptions": { "module": "nodenext" }, "ts-node": { "swc": true } }\n',
    "index.ts": "export const empty = true;\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  symlinkSync(join(PROJECT_FOLDER, "node_modules"), join(folder, "node_modules"));
}

async function ok(args: readonly string[], options: CliOptions): Promise<void> {
  const { code, stdout, stderr } = await pulumi(args, options);
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${stdout}\n${stderr}`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function table({ empty, program, ratio, runs }: Result): string {
  return [
    `empty program   ${empty.toFixed(2)} s`,
    `this program    ${program.toFixed(2)} s`,
    `ratio           ${ratio.toFixed(2)}   (at most ${ALLOWED_RATIO}; medians of ${runs} previews by turns)`,
    "",
  ].join("\n");
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
