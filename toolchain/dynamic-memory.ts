// Remembers which programs have dynamic resources, so that the language host can start their provider ahead.
import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/** Where code compiled for the SDK in a node_modules folder is kept; `npm ci` takes it away. */
export function cacheFolder(modules: string): string {
  return path.join(modules, ".cache", "pulumi");
}

function markOf(modules: string, program: string): string {
  const hash = crypto.createHash("sha1").update(program).digest("hex").slice(0, 16);
  return path.join(cacheFolder(modules), `dynamic-${hash}`);
}

/** Whether the provider of dynamic resources was once started for the program in this folder. */
export function hasDynamicResources(modules: string, program: string): boolean {
  return fs.existsSync(markOf(modules, program));
}

/** Remembers that it was. A folder that cannot be written to is no error. */
export function rememberDynamicResources(modules: string, program: string): void {
  if (hasDynamicResources(modules, program)) return;
  try {
    fs.mkdirSync(cacheFolder(modules), { recursive: true });
    fs.writeFileSync(markOf(modules, program), "");
  } catch {
    // Then it is started when the engine asks for it.
  }
}

/** The node_modules folder that a file of `@pulumi/pulumi` lies in. */
export function modulesOf(sdkFile: string): string {
  return sdkFile.slice(0, sdkFile.lastIndexOf(path.join("@pulumi", "pulumi", "cmd")));
}
