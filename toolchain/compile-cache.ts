// Keeps V8's compiled code between runs: a third of what starting a Pulumi program costs is compiling the
// SDK, some 500 files of which nothing changes from run to run.
//
// Node 22.1 and newer can do this by themselves. For older ones this does the same for CommonJS modules:
// each is compiled as a script with the code that an earlier run has cached, and V8 checks that it fits.
import * as crypto from "node:crypto";
import Module from "node:module";
import * as path from "node:path";
import * as v8 from "node:v8";
import * as vm from "node:vm";
import { readCache, writeCache } from "./compile-cache-file";

/** The parts of Node's module loader that are used here and that its types leave out. */
interface Loader {
  readonly prototype: {
    _compile(this: NodeModule, content: string, filename: string): unknown;
  };
  readonly _cache: NodeJS.Require["cache"];
  readonly _extensions: NodeJS.Require["extensions"];
  _resolveFilename(id: string, parent: NodeModule, isMain: boolean, options?: object): string;
  _resolveLookupPaths(id: string, parent: NodeModule): string[] | null;
  enableCompileCache?(folder: string): unknown;
}

const loader = Module as unknown as Loader;

/** Node's own wrapper of a CommonJS module. */
const header = "(function (exports, require, module, __filename, __dirname) { ";

/** A module shorter than this is compiled as fast as it is looked up, in characters. */
const smallest = 300;

/**
 * Turns the cache on for every module that is loaded from now on. What was compiled anew is written down
 * when the process exits.
 *
 * @param folder where the cache lies; made when missing. One that cannot be written to is no error.
 * @param name one cache for each kind of process
 */
export function keepCompiledCode(folder: string, name: string): void {
  // Pulumi's SDK sets this flag while it loads, and V8 takes no code that was cached under other flags.
  v8.setFlagsFromString("--allow-natives-syntax");
  if (loader.enableCompileCache) {
    loader.enableCompileCache(folder);
    return;
  }
  const dynamicImport = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  if (dynamicImport === undefined) return;

  const file = path.join(folder, `${name}-${process.version}-${process.arch}.bin`);
  const known = readCache(file);
  const used = new Map<string, vm.Script>();
  let fresh = false;

  const compile = loader.prototype._compile;
  loader.prototype._compile = function (content, filename) {
    if (content.length < smallest || content.startsWith("#!")) {
      return compile.call(this, content, filename);
    }
    const key = crypto
      .createHash("sha1")
      .update(filename)
      .update("\0")
      .update(content)
      .digest("hex");
    const cachedData = known.get(key);
    const script = new vm.Script(`${header}${content}\n})`, {
      filename,
      cachedData,
      columnOffset: -header.length,
      importModuleDynamically: dynamicImport,
    });
    if (!cachedData || script.cachedDataRejected) fresh = true;
    used.set(key, script);
    const run = script.runInThisContext() as (...given: readonly unknown[]) => unknown;
    const given = [this.exports, requireOf(this), this, filename, path.dirname(filename)];
    return run.apply(this.exports, given);
  };

  process.once("exit", () => {
    if (!fresh) return;
    for (const [key, script] of used) known.set(key, script.createCachedData());
    writeCache(file, known, [...used.keys()]);
  });
}

/** The `require` that a module is given; what Node makes it of is not exported. */
function requireOf(module: NodeModule): NodeJS.Require {
  const resolve = (id: string, options?: object): string =>
    loader._resolveFilename(id, module, false, options);
  const paths = (id: string): string[] | null => loader._resolveLookupPaths(id, module);
  return Object.assign((id: string): unknown => module.require(id), {
    resolve: Object.assign(resolve, { paths }),
    main: process.mainModule,
    extensions: loader._extensions,
    cache: loader._cache,
  });
}
