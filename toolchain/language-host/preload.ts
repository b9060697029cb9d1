// Loaded into the program's process before anything else (node --require): makes it start fast.
import * as path from "node:path";
import { keepCompiledCode } from "../compile-cache";
import { loadLater } from "../lazy-modules";
import { mapOwnFramesOnly } from "../own-frames";

// The node_modules folder that the SDK lies in; `npm ci` takes away what is kept there.
const [modules] = (process.argv[1] ?? "").split(path.join("@pulumi", "pulumi", "cmd"));
if (modules) keepCompiledCode(path.join(modules, ".cache", "pulumi"), "program");
mapOwnFramesOnly();
loadLater("@npmcli/arborist");
// Loaded anyway where ts-node loads the program.
if (process.env["PULUMI_NODEJS_TYPESCRIPT"] !== "true") loadLater("typescript");
