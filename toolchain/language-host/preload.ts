// Loaded into the program's process before anything else (node --require): keeps compiled code in the
// node_modules folder that Pulumi's SDK is in, where `npm ci` takes it away.
import * as path from "node:path";
import { keepCompiledCode } from "../compile-cache";

const [modules, rest] = (process.argv[1] ?? "").split(path.join("@pulumi", "pulumi", "cmd"));
if (modules && rest !== undefined) keepCompiledCode(path.join(modules, ".cache/pulumi"), "program");
