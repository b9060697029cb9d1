// Says, once in each run of the CLI, that stand-ins are at work.
import * as fs from "node:fs";
import * as path from "node:path";
import { ownFolder } from "./places";

/**
 * Prints one line to the user that stand-ins are in use, and for what. `pulumi up` starts a language host
 * for its preview and one for its update: the engine's process id, kept beside us, tells that its user
 * knows already.
 *
 * @param providers how many of the plugins are stand-ins
 */
export function sayStandIns(providers: number): void {
  if (isTold()) return;
  // Without their names: the engine masks any word that happens to be a secret of the stack.
  const plugins = providers > 0 ? ` and ${providers} plugin${providers > 1 ? "s" : ""}` : "";
  process.stdout.write(
    `Stand-ins are used for Pulumi's language host${plugins}, which cannot be downloaded here: ` +
      "see toolchain/README.md.\n",
  );
}

/** Whether this engine's user was told; remembers that it is so from now on. */
function isTold(): boolean {
  const file = path.join(ownFolder, "told");
  const engine = String(process.ppid);
  try {
    if (fs.readFileSync(file, "utf8") === engine) return true;
  } catch {
    // Nobody was told yet.
  }
  try {
    fs.writeFileSync(file, engine);
  } catch {
    // A folder that cannot be written to: the line appears twice in `pulumi up`.
  }
  return false;
}
