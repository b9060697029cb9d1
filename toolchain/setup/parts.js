// Brings the parts into place: official ones where they can be had, stand-ins elsewhere.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { bundleCliParts, bundlePlugin } = require("./bundle.js");
const { downloadCli, downloadPlugin } = require("./download.js");
const { buildEngine, whyNot } = require("./engine.js");
const { failedLately, rememberFailure } = require("./memory.js");
const { removeCliParts, removePlugin } = require("./remove.js");
const { surveyCli, surveyPlugin } = require("./survey.js");

/** The functions that take long or reach outside, in one place so that tests can put others there. */
const reach = { downloadCli, downloadPlugin, buildEngine, whyNot, bundleCliParts, bundlePlugin };

function writeMarker(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(content, undefined, 2)}\n`);
  fs.renameSync(`${file}.new`, file);
}

/** Whether anything is left to do for the CLI and what lies beside it. */
function cliIsDone(places, hash) {
  const found = surveyCli(places);
  if (found.official) return true;
  if (!failedLately(places.memory, "cli")) return false;
  const { marker, cli, languageHost, dynamicLauncher } = found;
  if (cli.origin === "missing") return false;
  const parts = [languageHost, dynamicLauncher];
  if (parts.some(({ origin }) => origin === "missing")) return false;
  // A language host on $PATH is used only when ours does not lie beside the CLI.
  const standIns = parts.filter(({ origin }) => origin === "stand-in");
  const listed = (marker?.files ?? []).filter((name) => name !== "pulumi");
  return standIns.length === listed.length && (standIns.length === 0 || marker?.hash === hash);
}

/** Whether anything is left to do for a plugin. */
function pluginIsDone(root, plugin, places, hash) {
  const found = surveyPlugin(plugin, places);
  if (found.origin === "official") return true;
  if (found.origin === "path") return !found.marker;
  if (!fs.existsSync(path.join(root, plugin.source))) return found.origin === "missing";
  const id = `${plugin.name} ${plugin.version}`;
  const given = failedLately(places.memory, id) ?? failedLately(places.memory, "cli");
  return found.origin === "stand-in" && found.marker.hash === hash && given !== undefined;
}

/** Downloads the CLI beside its place and then moves it there; remembers when it cannot be had. */
async function tryCli(root, places, step, use) {
  if (failedLately(places.memory, "cli")) return false;
  const target = path.join(places.home, "versions", `.${places.version}.${process.pid}`);
  try {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    await step(`Downloading the Pulumi CLI ${places.version}`, () =>
      use.downloadCli(root, places.version, target),
    );
    removeCliParts(places);
    fs.rmSync(places.root, { recursive: true, force: true });
    fs.renameSync(target, places.root);
    return true;
  } catch (error) {
    rememberFailure(places.memory, "cli", error.message);
    return false;
  } finally {
    fs.rmSync(target, { recursive: true, force: true });
  }
}

/** The CLI: official, or the engine from its source with our language host and launcher beside it. */
async function bringCli(root, places, hash, step, use = reach) {
  if (cliIsDone(places, hash)) return;
  if (await tryCli(root, places, step, use)) return;
  if (cliIsDone(places, hash)) return;
  const before = surveyCli(places);
  const files = before.marker?.files?.includes("pulumi") ? ["pulumi"] : [];
  fs.mkdirSync(places.bin, { recursive: true });
  if (before.cli.origin === "missing") {
    const reason = failedLately(places.memory, "cli");
    const obstacle = await use.whyNot(root, places.version, reason);
    if (obstacle) throw new Error(obstacle);
    // The marker comes first: whatever happens next, what lies there is known as ours.
    writeMarker(places.marker, { ...before.marker, files: ["pulumi"] });
    await step(
      `Building the Pulumi engine ${places.version} from its source (once, some minutes)`,
      () => use.buildEngine(root, places.version, places.cli),
    );
    files.splice(0, 1, "pulumi");
  }
  const wanted = { bin: places.bin };
  for (const part of ["languageHost", "dynamicLauncher"]) {
    if (before[part].origin !== "path") wanted[part] = places[part];
    else if (before.marker) fs.rmSync(places[part], { force: true });
  }
  for (const target of [wanted.languageHost, wanted.dynamicLauncher]) {
    if (target) files.push(path.basename(target));
  }
  writeMarker(places.marker, { files });
  await step("Making the stand-in of the language host", () =>
    use.bundleCliParts(root, places.home, wanted),
  );
  writeMarker(places.marker, { files, hash });
}

/** A provider plugin: official, somebody's on $PATH, or our stand-in. */
async function bringPlugin(root, plugin, places, hash, step, use = reach) {
  if (pluginIsDone(root, plugin, places, hash)) return;
  const found = surveyPlugin(plugin, places);
  if (found.origin === "path") return removePlugin(plugin);
  if (await tryPlugin(plugin, places, step, use)) return;
  if (!fs.existsSync(path.join(root, plugin.source))) return;
  if (found.origin === "stand-in" && found.marker.hash === hash) return;
  writeMarker(plugin.marker, { plugin: plugin.name, version: plugin.version });
  await step(`Making the stand-in of the provider ${plugin.name}`, () =>
    use.bundlePlugin(root, places.home, plugin.source, plugin.executable),
  );
  writeMarker(plugin.marker, { plugin: plugin.name, version: plugin.version, hash });
}

/** Has the official CLI install the plugin; puts our stand-in back when it cannot be had. */
async function tryPlugin(plugin, places, step, use) {
  const id = `${plugin.name} ${plugin.version}`;
  if (failedLately(places.memory, "cli") || failedLately(places.memory, id)) return false;
  const aside = path.join(places.home, "plugins", `.${plugin.name}.${process.pid}`);
  const ours = fs.existsSync(plugin.marker);
  if (ours) fs.renameSync(plugin.directory, aside);
  try {
    await step(`Downloading the provider ${plugin.name} ${plugin.version}`, () =>
      use.downloadPlugin(places.cli, plugin),
    );
    return true;
  } catch (error) {
    rememberFailure(places.memory, id, error.message);
    fs.rmSync(plugin.directory, { recursive: true, force: true });
    if (ours) fs.renameSync(aside, plugin.directory);
    return false;
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

module.exports = { reach, cliIsDone, pluginIsDone, bringCli, bringPlugin };
