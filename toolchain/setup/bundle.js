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

/**
 * Makes the executables.
 *
 * @param entries pairs of `source` (a TypeScript file) and `target` (the executable; its folder must
 *   exist). A target is replaced in one step, so that a run that uses it never sees half of it.
 */
async function bundle(root, entries) {
  const esbuild = require(path.join(root, "node_modules/esbuild"));
  await Promise.all(
    entries.map(async ({ source, target }) => {
      const unfinished = `${target}.new.${process.pid}`;
      try {
        await esbuild.build({
          entryPoints: [source],
          outfile: unfinished,
          bundle: true,
          platform: "node",
          target: "node20",
          minify: true,
          keepNames: true,
          legalComments: "none",
          external: ["cpu-features", "*.node", "pg-native"],
          banner: { js: "#!/usr/bin/env node" },
          logLevel: "silent",
        });
        fs.chmodSync(unfinished, 0o755);
        fs.renameSync(unfinished, target);
      } catch (error) {
        const file = path.relative(root, source);
        throw new Error(`making the stand-in of ${file} failed: ${error.message}`, {
          cause: error,
        });
      } finally {
        fs.rmSync(unfinished, { force: true });
      }
    }),
  );
}

module.exports = { fingerprint, bundle };
