// npm run real:containers [-- --trees DIR] [-- --only TEXT]
//
// The program's own code against real engines: Docker, Podman and OpenSSH as Debian has them, on a host of its own in
// namespaces, with a real PostgreSQL and a small server with a health check. Takes root on a Debian machine, its package
// `debootstrap`, 3 GB of disk and some ten minutes. `--trees` keeps the root directories there for the next time; `--only`
// tries the states whose names hold the text. Ends with `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { Homelab } from "./homelab";
import { ENGINES } from "./engines";
import { loginStates } from "./loginStates";
import { networkStates } from "./networkStates";
import { restartStates } from "./restartStates";
import { makeTrees } from "./trees";

const states = [...ENGINES.flatMap(restartStates), ...networkStates(), ...loginStates()];
const say = (line: string) => void process.stderr.write(`${line}\n`);

const { values } = parseArgs({
  options: { trees: { type: "string" }, only: { type: "string" }, inside: { type: "string" } },
});

/** Makes what is needed, and runs this again in a network namespace of its own. */
function outside(): number {
  const missing = missingHere();
  if (missing !== undefined) {
    say(`npm run real:containers: ${missing}`);
    return 2;
  }
  const folder = values.trees ? resolve(values.trees) : mkdtempSync(join(tmpdir(), "real-"));
  try {
    mkdirSync(folder, { recursive: true });
    makeTrees(folder, say);
    const only = values.only === undefined ? [] : ["--only", values.only];
    const again = [...process.execArgv, __filename, "--inside", folder, ...only];
    const { status } = spawnSync("unshare", ["--net", process.execPath, ...again], {
      stdio: "inherit",
    });
    return status ?? 1;
  } finally {
    if (!values.trees) rmSync(folder, { recursive: true, force: true });
  }
}

function missingHere(): string | undefined {
  if (process.getuid?.() !== 0) return "namespaces and mounts need root";
  const programs = ["debootstrap", "unshare", "nsenter", "chroot", "tar"];
  const path = (process.env["PATH"] ?? "").split(":");
  const absent = programs.filter((name) => !path.some((folder) => existsSync(join(folder, name))));
  return absent.length > 0
    ? `there is no ${absent.join(", no ")} here: sudo apt-get install debootstrap util-linux`
    : undefined;
}

async function inside(folder: string): Promise<number> {
  const homelab = await Homelab.start(folder, say);
  let passed = 0;
  let failed = 0;
  try {
    for (const { name, check } of states) {
      if (values.only !== undefined && !name.includes(values.only)) continue;
      try {
        await check(homelab);
        passed += 1;
        say(`  ok  ${name}`);
      } catch (error) {
        failed += 1;
        say(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    homelab.stop();
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

void (async () => {
  process.exit(values.inside === undefined ? outside() : await inside(values.inside));
})();
