// Where toolchain/setup.js has put this language host.
import * as path from "node:path";

/** The folder that is ours alone, beside the executable. */
export const ownFolder = path.dirname(process.argv[1] ?? "");

/** The folder of the CLI and of the executable; what lies in it is Pulumi's, but for a few files. */
export const bin = path.dirname(ownFolder);

/** $PULUMI_HOME, in which `bin` is versions/VERSION/bin. */
export const home = path.resolve(bin, "../../..");
