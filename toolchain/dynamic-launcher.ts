// Starts the provider of dynamic resources that comes with the program's own @pulumi/pulumi. The official
// launcher is a shell script that starts Node twice; this one is in the right process already.
import { createRequire } from "node:module";
import * as path from "node:path";
import { exitWithEngine } from "../plugin/lifetime";

// An engine that was killed ends nobody: a provider that goes on would write for a deployment that is no more.
exitWithEngine();
createRequire(path.join(process.cwd(), "package.json"))("@pulumi/pulumi/cmd/dynamic-provider");
