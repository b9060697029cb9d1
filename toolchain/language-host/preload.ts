// Loaded into the program's process before anything else (node --require): makes it start fast.
import { keepCompiledCode } from "../compile-cache";
import { cacheFolder, modulesOf } from "../dynamic-memory";
import { loadLater } from "../lazy-modules";
import { mapOwnFramesOnly } from "../own-frames";

const modules = modulesOf(process.argv[1] ?? "");
if (modules) keepCompiledCode(cacheFolder(modules), "program");
mapOwnFramesOnly();
loadLater("@npmcli/arborist");
// Loaded anyway where ts-node loads the program.
if (process.env["PULUMI_NODEJS_TYPESCRIPT"] !== "true") loadLater("typescript");
