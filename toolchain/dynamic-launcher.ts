// Starts the provider of dynamic resources that comes with the program's own @pulumi/pulumi. The official
// launcher is a shell script that starts Node twice; this one is in the right process already.
import { createRequire } from "node:module";
import * as path from "node:path";
import { keepCompiledCode } from "./compile-cache";
import { cacheFolder, modulesOf, rememberDynamicResources } from "./dynamic-memory";
import { loadLater } from "./lazy-modules";
import { exitWithEngine } from "../plugin/lifetime";
import { mapOwnFramesOnly } from "./own-frames";

const program = process.cwd();
const load = createRequire(path.join(program, "package.json"));
const provider = load.resolve("@pulumi/pulumi/cmd/dynamic-provider");
const modules = modulesOf(provider);
keepCompiledCode(cacheFolder(modules), "dynamic");
mapOwnFramesOnly();
loadLater("@npmcli/arborist", "typescript");
rememberDynamicResources(modules, program);

// The engine ends its plugins with a signal; an exit in order lets the cache be written. An engine that was
// killed ends nobody: a provider that goes on would write settings for a deployment that is no more.
exitWithEngine();
load(provider);
