// Starts the provider of dynamic resources that comes with the program's own @pulumi/pulumi. The official
// launcher is a shell script that starts Node twice; this one is in the right process already.
import { createRequire } from "node:module";
import * as path from "node:path";

createRequire(path.join(process.cwd(), "package.json"))("@pulumi/pulumi/cmd/dynamic-provider");
