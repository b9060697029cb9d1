// Bundles the stand-ins: each becomes one executable file that needs nothing but Node.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

function* typescriptFiles(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* typescriptFiles(file);
    else if (entry.name.endsWith(".ts")) yield file;
  }
}

/** A fingerprint of everything that a stand-in is made of: its sources, this file, the packages. */
function fingerprint(root) {
  const hash = crypto.createHash("sha256");
  const toolchain = path.join(root, "toolchain");
  const files = [
    ...typescriptFiles(toolchain),
    path.join(__dirname, "bundle.js"),
    path.join(root, "package-lock.json"),
  ];
  for (const file of files) {
    hash.update(path.basename(file)).update("\0").update(fs.readFileSync(file)).update("\0");
  }
  return hash.digest("hex").slice(0, 24);
}

/** What a stand-in may ask for and do without, or that is not in the packages at all. */
const external = ["cpu-features", "*.node", "pg-native"];

/**
 * Makes files from sources, each in one step, so that a run that uses it never sees half of it.
 *
 * @param files of each: `source` (a TypeScript file), `target`, and `executable` if it is one
 */
async function bundle(root, files) {
  const esbuild = require(path.join(root, "node_modules/esbuild"));
  const make = async ({ source, target, executable = false }) => {
    const unfinished = `${target}.new.${process.pid}`;
    try {
      await esbuild.build({
        entryPoints: [path.join(root, source)],
        outfile: unfinished,
        bundle: true,
        platform: "node",
        target: "node20",
        minify: true,
        keepNames: true,
        legalComments: "none",
        external,
        ...(executable ? { banner: { js: "#!/usr/bin/env node" } } : {}),
        logLevel: "silent",
      });
      fs.chmodSync(unfinished, executable ? 0o755 : 0o644);
      fs.renameSync(unfinished, target);
    } catch (error) {
      throw new Error(`making the stand-in of ${source} failed: ${error.message}`, {
        cause: error,
      });
    } finally {
      fs.rmSync(unfinished, { force: true });
    }
  };
  for (const { target } of files) fs.mkdirSync(path.dirname(target), { recursive: true });
  await Promise.all(files.map(make));
}

/**
 * The files of one stand-in: the executable is small, and loads the rest with its compiled code. The
 * executable comes last, when it has something to load.
 */
async function bundleStandIn(root, source, executable) {
  const folder = path.join(path.dirname(executable), "stand-ins");
  await bundle(root, [{ source, target: path.join(folder, `${path.basename(executable)}.js`) }]);
  await bundle(root, [{ source: "toolchain/launcher.ts", target: executable, executable: true }]);
}

module.exports = { fingerprint, bundle, bundleStandIn };
