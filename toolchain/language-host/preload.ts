// Loaded into the program's process before anything else (node --require): makes it start fast.
import { keepCompiledCode } from "../compile-cache";
import { cacheFolder, modulesOf } from "../dynamic-memory";
import { loadLater } from "../lazy-modules";

const modules = modulesOf(process.argv[1] ?? "");
if (modules) keepCompiledCode(cacheFolder(modules), "program");
loadLater("@npmcli/arborist");
