// Takes away what this setup has put into $PULUMI_HOME, and nothing else.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { readJson } = require("./places.js");

/** Removes the parts beside the CLI, and the engine too if it was built here. */
function removeCliParts(places) {
  const marker = readJson(places.marker);
  if (!marker) return;
  for (const name of marker.files ?? []) fs.rmSync(path.join(places.bin, name), { force: true });
  for (const folder of [path.join(places.bin, "stand-ins"), places.ahead]) {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  fs.rmSync(places.marker, { force: true });
  for (const folder of [places.bin, places.root]) {
    if (fs.existsSync(folder) && fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
  }
}

/** Removes a provider's stand-in; an official plugin stays. */
function removePlugin(plugin) {
  if (fs.existsSync(plugin.marker)) fs.rmSync(plugin.directory, { recursive: true, force: true });
}

/** Removes what an interrupted setup has left; only for the one that holds the lock. */
function removeUnfinished(places) {
  const unfinished = [
    [places.bin, /\.(building|new)\.\d+$/],
    [path.dirname(places.root), /^\.\d[\w.-]*\.\d+(\.sh)?$/],
  ];
  for (const [folder, name] of unfinished) {
    if (!fs.existsSync(folder)) continue;
    for (const file of fs.readdirSync(folder).filter((found) => name.test(found))) {
      fs.rmSync(path.join(folder, file), { recursive: true, force: true });
    }
  }
}

module.exports = { removeUnfinished, removeCliParts, removePlugin };
