// The npm packages: installed with `npm ci` when they are missing or not those of package-lock.json.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { run, tail } = require("./command.js");
const { readJson } = require("./places.js");

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes down what it has installed in
 * node_modules/.package-lock.json, so comparing the two takes milliseconds. Packages for other
 * platforms are in the first only, and are optional.
 */
function packagesAreCurrent(root) {
  const wanted = readJson(path.join(root, "package-lock.json"))?.packages;
  if (!wanted) throw new Error(`there is no package-lock.json in ${root}: is this a whole clone?`);
  const installed = readJson(path.join(root, "node_modules/.package-lock.json"))?.packages;
  if (!installed) return false;
  const inModules = (packages) =>
    Object.entries(packages).filter(([where]) => where.startsWith("node_modules/"));
  return (
    inModules(wanted).every(([where, { version, integrity, optional }]) => {
      const found = installed[where];
      if (!found) return optional === true;
      return found.version === version && found.integrity === integrity;
    }) && inModules(installed).every(([where]) => where in wanted)
  );
}

/** npm's output without its usage text, which would push what went wrong out of sight. */
function essence(output) {
  const lines = output.split("\n").map((line) => line.replace(/^npm (error|ERR!) ?/, ""));
  const end = lines.findIndex((line) => /^(Clean install a project|Usage:)/.test(line));
  const told = (end < 0 ? lines : lines.slice(0, end)).filter((line) => line.trim() !== "");
  return told.slice(0, 10).join("\n");
}

/**
 * Installs the packages. npm's warnings (a package that names a newer Node, install scripts that are
 * not run) are about nothing that the reader could change, so they are shown only with a failure.
 */
async function installPackages(root) {
  const npm = process.env.npm_execpath;
  const [file, first] =
    npm && /\.c?js$/.test(npm) && fs.existsSync(npm) ? [process.execPath, [npm]] : ["npm", []];
  const args = [...first, "ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const { code, output } = await run(file, args, { cwd: root });
  if (code !== 0) {
    throw new Error(
      `installing the packages of ${path.join(root, "package-lock.json")} failed:\n` +
        `${tail(essence(output))}\n` +
        "Mend what npm names (a registry that can't be reached, a full disk) and run this again.",
    );
  }
}

module.exports = { packagesAreCurrent, installPackages };
