// One setup at a time: a lock file with the process id of its holder.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");

/** How often a waiting setup looks again, in milliseconds. */
const pollMs = 200;

/** Ctrl-C ends us in order: with the lock gone, and with what we have started. */
const ending = {
  SIGINT: () => process.exit(130),
  SIGTERM: () => process.exit(143),
};

function holderOf(file) {
  try {
    return Number(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Makes the file with our process id in it, all at once; false when it is there already. */
function take(file) {
  const own = `${file}.${process.pid}`;
  fs.writeFileSync(own, String(process.pid));
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(own, { force: true });
  }
}

/**
 * Does `work` while holding the lock; waits for another holder, and takes over from a dead one.
 *
 * @param onWait told once, with the holder's process id, when there is something to wait for
 */
async function withLock(file, onWait, work) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    const holder = holderOf(file);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      // Renamed first, so that of two who see the dead holder only one takes the lock away.
      const dead = `${file}.dead.${process.pid}`;
      try {
        fs.renameSync(file, dead);
        if (holderOf(dead) !== holder) fs.linkSync(dead, file);
      } catch {
        // The other one was faster.
      }
      fs.rmSync(dead, { force: true });
      continue;
    }
    if (!told) onWait(holder);
    told = true;
    await sleep(pollMs);
  }
  const release = () => fs.rmSync(file, { force: true });
  process.once("exit", release);
  const signals = Object.entries(ending);
  for (const [signal, end] of signals) process.once(signal, end);
  try {
    return await work();
  } finally {
    for (const [signal, end] of signals) process.removeListener(signal, end);
    process.removeListener("exit", release);
    release();
  }
}

module.exports = { withLock };
