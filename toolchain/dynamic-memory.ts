// Remembers which programs have dynamic resources, so that the language host can start their provider ahead.
import * as fs from "node:fs";
import * as path from "node:path";

/** Where code compiled for the SDK in a node_modules folder is kept; `npm ci` takes it away. */
export function cacheFolder(modules: string): string {
  return path.join(modules, ".cache", "pulumi");
}

function listOf(modules: string): string {
  return path.join(cacheFolder(modules), "dynamic-programs.json");
}

function programs(modules: string): readonly string[] {
  try {
    return JSON.parse(fs.readFileSync(listOf(modules), "utf8")) as readonly string[];
  } catch {
    return [];
  }
}

/** Whether the provider of dynamic resources was once started for the program in this folder. */
export function hasDynamicResources(modules: string, program: string): boolean {
  return programs(modules).includes(program);
}

/** Remembers that it was. A folder that cannot be written to is no error. */
export function rememberDynamicResources(modules: string, program: string): void {
  const known = programs(modules);
  if (known.includes(program)) return;
  const file = listOf(modules);
  const unfinished = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(cacheFolder(modules), { recursive: true });
    const list = [...known.filter((folder) => fs.existsSync(folder)), program];
    fs.writeFileSync(unfinished, JSON.stringify(list));
    fs.renameSync(unfinished, file);
  } catch {
    // Then it is started when the engine asks for it.
  }
}

/** The node_modules folder that a file of `@pulumi/pulumi` lies in. */
export function modulesOf(sdkFile: string): string {
  return sdkFile.slice(0, sdkFile.lastIndexOf(path.join("@pulumi", "pulumi", "cmd")));
}
