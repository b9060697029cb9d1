// Starts the provider of dynamic resources that comes with the program's own @pulumi/pulumi. The official
// launcher is a shell script that starts Node twice; this one is in the right process already.
import { createRequire } from "node:module";
import * as path from "node:path";
import { keepCompiledCode } from "./compile-cache";

const provider = "@pulumi/pulumi/cmd/dynamic-provider";
const load = createRequire(path.join(process.cwd(), "package.json"));
const [modules] = load.resolve(provider).split(path.join("@pulumi", "pulumi", "cmd"));
if (modules) keepCompiledCode(path.join(modules, ".cache/pulumi"), "dynamic");

// The engine ends its plugins with this signal; an exit in order lets the cache be written.
process.once("SIGINT", () => process.exit(0));
load(provider);
