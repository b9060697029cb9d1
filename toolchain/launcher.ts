// The executable of a stand-in: loads the bundle that lies in the folder `stand-ins` beside it, with the
// compiled code of an earlier run.
import { createRequire } from "node:module";
import * as path from "node:path";
import { keepCompiledCode } from "./compile-cache";

const folder = path.join(__dirname, "stand-ins");
const name = path.basename(__filename);
keepCompiledCode(folder, name);
createRequire(__filename)(path.join(folder, `${name}.js`));
