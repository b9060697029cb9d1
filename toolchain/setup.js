// Sets up everything that a run needs: node toolchain/setup.js [--json | --brief] [--retry] [--remove]
//
// Plain JavaScript without dependencies, so that it runs on a fresh clone. See toolchain/README.md.
"use strict";

const path = require("node:path");
const { fingerprint } = require("./setup/bundle.js");
const { withLock } = require("./setup/lock.js");
const { forget } = require("./setup/memory.js");
const { installPackages, packagesAreCurrent } = require("./setup/packages.js");
const parts = require("./setup/parts.js");
const places_ = require("./setup/places.js");
const { progress } = require("./setup/progress.js");
const { removeCliParts, removePlugin, removeUnfinished } = require("./setup/remove.js");
const { surveyCli, surveyPlugin } = require("./setup/survey.js");

function look(root, home) {
  const places = places_.cliPlaces(home, places_.cliVersion(root));
  return { places, plugins: places_.pluginPlaces(home, root) };
}

function waiting(out) {
  return (holder) => out?.write(`Waiting for another setup (process ${holder}) …\n`);
}

async function ensurePackages(root, step, out) {
  if (packagesAreCurrent(root)) return;
  const lock = path.join(root, ".cache", "packages.lock");
  await withLock(lock, waiting(out), async () => {
    if (packagesAreCurrent(root)) return;
    await step("Installing npm packages", () => installPackages(root));
  });
}

/**
 * Brings everything into place; silent and quick when it is there. See setup.d.ts.
 */
async function ensure(options = {}) {
  const root = options.root ?? places_.repository;
  const home = options.home ?? places_.pulumiHome();
  const use = { ...parts.reach, ...options.reach };
  const out = options.quiet ? undefined : (options.out ?? process.stderr);
  const step = progress({ quiet: options.quiet, out });
  await ensurePackages(root, step, out);

  const { places, plugins } = look(root, home);
  const hash = fingerprint(root);
  const done = () =>
    parts.cliIsDone(places, hash) &&
    plugins.every((plugin) => parts.pluginIsDone(root, plugin, places, hash));
  if (!done()) {
    await withLock(places.lock, waiting(out), async () => {
      removeUnfinished(places);
      await parts.bringCli(root, places, hash, step, use);
      for (const plugin of plugins) {
        await parts.bringPlugin(root, plugin, places, hash, step, use);
      }
    });
  }
  return report({ root, home });
}

/** Says of each part where it comes from. Changes nothing. */
function report({ root = places_.repository, home = places_.pulumiHome() } = {}) {
  const { places, plugins } = look(root, home);
  const { cli, languageHost, dynamicLauncher } = surveyCli(places);
  const part = (name, version, { origin, path: where }) => ({ name, version, origin, path: where });
  return {
    home,
    parts: [
      part("CLI", places.version, cli),
      part("language host", places.version, languageHost),
      part("dynamic provider launcher", places.version, dynamicLauncher),
      ...plugins.map((plugin) =>
        part(`provider ${plugin.name}`, plugin.version, surveyPlugin(plugin, places)),
      ),
    ],
  };
}

/** Takes away everything that `ensure` has put into $PULUMI_HOME; what is official stays. */
async function remove({ root = places_.repository, home = places_.pulumiHome() } = {}) {
  const { places, plugins } = look(root, home);
  await withLock(
    places.lock,
    () => {},
    async () => {
      removeUnfinished(places);
      removeCliParts(places);
      for (const plugin of plugins) removePlugin(plugin);
      forget(places.memory);
    },
  );
}

function table({ parts: rows }) {
  const width = (key) => Math.max(...rows.map((row) => row[key].length));
  const [names, versions, origins] = ["name", "version", "origin"].map(width);
  return rows
    .map(
      ({ name, version, origin, path: where }) =>
        `${name.padEnd(names)}  ${version.padEnd(versions)}  ${origin.padEnd(origins)}  ${where}`,
    )
    .join("\n");
}

async function main(args) {
  const known = ["--json", "--brief", "--retry", "--remove"];
  const unknown = args.find((arg) => !known.includes(arg));
  if (unknown) throw new Error(`${unknown} is not known; there are ${known.join(", ")}`);
  if (args.includes("--remove")) return remove();
  if (args.includes("--retry")) forget(path.join(places_.pulumiHome(), ".toolchain.json"));
  const found = await ensure();
  if (args.includes("--brief")) return; // before another command, whose output it is not to clutter
  process.stdout.write(`${args.includes("--json") ? JSON.stringify(found) : table(found)}\n`);
}

module.exports = { ensure, report, remove };

if (require.main === module) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
