// Bundles the stand-ins: each becomes one executable file that needs nothing but Node.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

function* sources(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(file);
    else if (/\.(ts|sh)$/.test(entry.name)) yield file;
  }
}

/** A fingerprint of everything that a stand-in is made of: its sources, this file, the packages. */
function fingerprint(root) {
  const hash = crypto.createHash("sha256");
  const toolchain = path.join(root, "toolchain");
  const files = [
    ...sources(toolchain),
    ...sources(path.join(root, "plugin")), // the protocol, which the stand-ins speak
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
 * @param files of each: `source` (a TypeScript file), `target`
 */
async function bundle(root, files) {
  const esbuild = require(path.join(root, "node_modules/esbuild"));
  const make = async ({ source, target }) => {
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
        logLevel: "silent",
      });
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
 * Bundles a stand-in into the folder `stand-ins` beside its executable: NAME.js is small and loads
 * NAME.bundle.js with its compiled code.
 */
async function bundleInto(root, folder, name, source) {
  forgetCompiled(folder, name);
  await bundle(root, [{ source, target: path.join(folder, `${name}.bundle.js`) }]);
  const launcher = "toolchain/launcher.ts";
  await bundle(root, [{ source: launcher, target: path.join(folder, `${name}.js`) }]);
}

/** Takes away the compiled code of an earlier bundle (compile-cache.ts); Node's own cache sorts itself out. */
function forgetCompiled(folder, name) {
  if (!fs.existsSync(folder)) return;
  for (const file of fs.readdirSync(folder)) {
    if (file.startsWith(`${name}-v`)) fs.rmSync(path.join(folder, file));
  }
}

/** Writes an executable of ours: the shell script that starts what is in `stand-ins` beside it. */
function writeLauncher(root, home, executable) {
  const script = fs.readFileSync(path.join(root, "toolchain/launcher.sh"), "utf8");
  const ahead = path.relative(path.dirname(executable), path.join(home, ".toolchain-ahead"));
  const unfinished = `${executable}.new.${process.pid}`;
  fs.writeFileSync(unfinished, script.replace("@AHEAD@", ahead), { mode: 0o755 });
  fs.renameSync(unfinished, executable);
}

/** Makes a plugin's stand-in. The executable comes last, when it has something to start. */
async function bundlePlugin(root, home, source, executable) {
  const folder = path.join(path.dirname(executable), "stand-ins");
  await bundleInto(root, folder, path.basename(executable), source);
  writeLauncher(root, home, executable);
}

/** Makes what lies beside the CLI: `languageHost`, `dynamicLauncher` are where it goes, or undefined. */
async function bundleCliParts(root, home, { languageHost, dynamicLauncher, bin }) {
  const folder = path.join(bin, "stand-ins");
  if (languageHost) {
    const source = (name) => `toolchain/language-host/${name}.ts`;
    await bundle(root, [{ source: source("preload"), target: path.join(folder, "preload.js") }]);
    await bundleInto(root, folder, "together", "toolchain/providers/together.ts");
    await bundleInto(root, folder, path.basename(languageHost), source("main"));
    writeLauncher(root, home, languageHost);
  }
  if (dynamicLauncher) {
    const target = path.join(folder, `${path.basename(dynamicLauncher)}.js`);
    await bundle(root, [{ source: "toolchain/dynamic-launcher.ts", target }]);
    writeLauncher(root, home, dynamicLauncher);
  }
}

module.exports = { fingerprint, bundleCliParts, bundlePlugin };
