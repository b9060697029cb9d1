/**
 * `npm run replay`: everything that was recorded on real systems, replayed against what stands in for them here.
 * `--json`: the last line is `{"authentik":{"compared","equal"},"immich":{…},"plugins":{…}}`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "..");

const REPLAYS = [
  "tests/sandbox/authentik-replay.test.ts",
  "tests/sandbox/immich-replay.test.ts",
  "tests/toolchain/plugins-replay.test.ts",
];

function main(): number {
  const json = process.argv.includes("--json");
  const folder = mkdtempSync(join(tmpdir(), "immich-sso-replay-"));
  try {
    const { status } = spawnSync(join(root, "node_modules/.bin/jest"), REPLAYS, {
      cwd: root,
      env: { ...process.env, REPLAY_REPORTS: folder },
      stdio: ["ignore", json ? 2 : "inherit", "inherit"],
    });
    if (json) process.stdout.write(`${JSON.stringify(results(folder))}\n`);
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What each replay has left, by its name. */
function results(folder: string): Record<string, { compared: number; equal: number }> {
  const files = readdirSync(folder).sort();
  return Object.fromEntries(
    files.map((file) => {
      const report = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, number>;
      const { compared = 0, equal = 0 } = report;
      return [file.replace(/\.json$/, ""), { compared, equal }];
    }),
  );
}

process.exitCode = main();
