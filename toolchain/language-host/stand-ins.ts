// Which of the plugins that a program needs are stand-ins.
import * as fs from "node:fs";
import * as path from "node:path";
import { pluginOf, pulumiPackages } from "./packages";
import { bin, home } from "./places";

/** Whether this language host is one that toolchain/setup.js has installed. */
export function isInstalled(): boolean {
  return fs.existsSync(path.join(bin, "stand-ins.json"));
}

/** The names of the plugins, of those that the program in this folder needs, that are stand-ins. */
export function standInProviders(directory: string): string[] {
  return pulumiPackages(directory).flatMap(({ manifest }) => {
    const plugin = pluginOf(manifest);
    if (!plugin) return [];
    const folder = path.join(home, "plugins", `resource-${plugin.name}-v${plugin.version}`);
    return fs.existsSync(path.join(folder, "stand-in.json")) ? [plugin.name] : [];
  });
}
