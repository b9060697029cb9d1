// Looks at what is installed. Changes nothing.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { foreignOnPath, isExecutable, readJson } = require("./places.js");

/**
 * Where a part comes from:
 *   official   installed by Pulumi's own means, in $PULUMI_HOME
 *   path       somebody's, found on $PATH
 *   stand-in   put there by this setup
 *   built      the engine, built from its source
 *   missing    not there
 */

/** A bin folder that Pulumi's installer has filled: with a compiled language host, and no marker of ours. */
function cliIsOfficial({ cli, languageHost, marker }) {
  return (
    isExecutable(cli) &&
    isExecutable(languageHost) &&
    !isScript(languageHost) &&
    !fs.existsSync(marker)
  );
}

function isScript(file) {
  const start = Buffer.alloc(2);
  const handle = fs.openSync(file);
  fs.readSync(handle, start);
  fs.closeSync(handle);
  return start.toString() === "#!";
}

function bundledPart(file, places, ours) {
  const name = path.basename(file);
  const foreign = foreignOnPath(name, places.bin);
  if (foreign) return { origin: "path", path: foreign };
  return { origin: ours && isExecutable(file) ? "stand-in" : "missing", path: file };
}

/** The CLI and the two parts that lie beside it. */
function surveyCli(places) {
  const marker = readJson(places.marker);
  if (cliIsOfficial(places)) {
    const part = (file) => ({ origin: "official", path: file });
    return {
      official: true,
      marker: undefined,
      cli: part(places.cli),
      languageHost: part(places.languageHost),
      dynamicLauncher: part(places.dynamicLauncher),
    };
  }
  return {
    official: false,
    marker,
    cli: { origin: isExecutable(places.cli) ? "built" : "missing", path: places.cli },
    languageHost: bundledPart(places.languageHost, places, marker !== undefined),
    dynamicLauncher: bundledPart(places.dynamicLauncher, places, marker !== undefined),
  };
}

/** A provider plugin, and the marker if it is ours. */
function surveyPlugin(plugin, places) {
  const marker = readJson(plugin.marker);
  if (marker) {
    const origin = isExecutable(plugin.executable) ? "stand-in" : "missing";
    const foreign = foreignOnPath(path.basename(plugin.executable), places.bin);
    if (foreign) return { origin: "path", path: foreign, marker };
    return { origin, path: plugin.executable, marker };
  }
  if (isFilled(plugin.directory) && !fs.existsSync(`${plugin.directory}.partial`)) {
    return { origin: "official", path: plugin.executable };
  }
  const foreign = foreignOnPath(path.basename(plugin.executable), places.bin);
  if (foreign) return { origin: "path", path: foreign };
  return { origin: "missing", path: plugin.executable };
}

function isFilled(folder) {
  try {
    return fs.readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}

module.exports = { surveyCli, surveyPlugin };
