// What could not be downloaded, and when that was tried: so that the next run does not wait for it again.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { readJson } = require("./places.js");

/** How long a failed download counts, in milliseconds: one day. */
const validMs = 24 * 60 * 60 * 1000;

/** The reason why `what` could not be downloaded, if that was tried within a day. */
function failedLately(file, what, now = Date.now()) {
  const entry = readJson(file)?.failed?.[what];
  const age = now - Date.parse(entry?.at);
  return age >= 0 && age < validMs ? entry.reason : undefined;
}

function update(file, change) {
  const failed = { ...readJson(file)?.failed };
  change(failed);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, `${JSON.stringify({ failed }, undefined, 2)}\n`);
  fs.renameSync(`${file}.new`, file);
}

/** Remembers that `what` could not be downloaded. */
function rememberFailure(file, what, reason, now = Date.now()) {
  update(file, (failed) => {
    failed[what] = { at: new Date(now).toISOString(), reason };
  });
}

/** Forgets everything, so that the next setup tries every download again. */
function forget(file) {
  fs.rmSync(file, { force: true });
}

module.exports = { failedLately, rememberFailure, forget };
