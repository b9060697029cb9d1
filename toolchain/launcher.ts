// Starts a stand-in: loads the bundle that lies beside it with the compiled code of an earlier run.
import { createRequire } from "node:module";
import * as path from "node:path";
import { keepCompiledCode } from "./compile-cache";

const name = path.basename(__filename, ".js");
keepCompiledCode(__dirname, name);
createRequire(__filename)(path.join(__dirname, `${name}.bundle.js`));
