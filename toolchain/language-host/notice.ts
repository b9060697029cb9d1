// Says, once in each run of the CLI, that stand-ins are at work.
import * as fs from "node:fs";
import * as path from "node:path";

/** The marker beside the executable: who put it there. Written by toolchain/setup.js. */
const markerName = "stand-ins.json";

/**
 * Prints one line to the user that stand-ins are in use. `pulumi up` starts the language host once for
 * its preview and once for its update: the engine's process id, kept beside the marker, tells us that
 * its user has been told.
 */
export function sayStandIns(): void {
  const folder = path.dirname(process.argv[1] ?? "");
  const told = path.join(folder, ".told");
  const engine = String(process.ppid);
  try {
    if (fs.readFileSync(told, "utf8") === engine) return;
  } catch {
    // Nobody was told yet.
  }
  try {
    const { standIns } = JSON.parse(fs.readFileSync(path.join(folder, markerName), "utf8")) as {
      standIns: readonly string[];
    };
    process.stdout.write(
      `Running on stand-ins for Pulumi's official ${standIns.join(", ")}: ` +
        "these cannot be downloaded here. See toolchain/README.md.\n",
    );
    fs.writeFileSync(told, engine);
  } catch {
    // No marker: not installed by setup.js, nothing to say.
  }
}
