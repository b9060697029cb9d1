// Where toolchain/setup.js has put this language host.
import * as path from "node:path";

/** The folder of the CLI and of this executable; what lies in it is Pulumi's, but for a few files. */
export const bin = path.dirname(process.argv[1] ?? "");

/** The folder in it that is ours alone. */
export const ownFolder = path.join(bin, "stand-ins");
