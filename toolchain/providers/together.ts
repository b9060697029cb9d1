// Several stand-ins in one process, started ahead of the engine's asking for them: the language host knows
// what the program needs, and four Node processes one after the other are most of what a preview waits for.
//
// Arguments: the engine's address, a folder, and the names of plugins. For each plugin a file of its name
// appears in the folder with the port it serves. The launcher of the plugin (toolchain/launcher.sh) takes
// it from there, once: a second process of the same plugin is one of its own, as the engine expects.
import * as fs from "node:fs";
import * as path from "node:path";

import { exitWithEngine } from "../../plugin/lifetime";
import type { Provider } from "../../plugin/provider";
import { serve } from "../../plugin/server";
import { outlivesMs } from "./outlives";

/** Loads a provider; the name is that of the plugin. */
const providers: Readonly<Record<string, () => Promise<{ readonly provider: Provider }>>> = {
  command: () => import("./command/plugin.js"),
  postgresql: () => import("./postgresql/plugin.js"),
  random: () => import("./random/plugin.js"),
  "terraform-provider": () => import("./authentik/plugin.js"),
};

async function start(engine: string, folder: string, name: string): Promise<() => void> {
  const load = providers[name];
  if (!load) return () => {};
  const { provider } = await load();
  const { port, close } = await serve(provider, engine);
  const file = path.join(folder, `pulumi-resource-${name}`);
  fs.writeFileSync(`${file}.new`, `${port}\n`);
  fs.renameSync(`${file}.new`, file);
  return close;
}

async function main([engine = "", folder = "", ...names]: readonly string[]): Promise<void> {
  const closing: (() => void)[] = [];
  exitWithEngine(() => closing.forEach((close) => close()), outlivesMs);
  // One after the other: each is ready a little sooner, in the order in which they are asked for.
  for (const name of names) closing.push(await start(engine, folder, name));
}

void main(process.argv.slice(2));
