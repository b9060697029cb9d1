// Progress lines, on standard error: what is being done and for how long.
"use strict";

const { setInterval, clearInterval } = require("node:timers");

/** A step that is over sooner than this says nothing at all, in milliseconds. */
const silentMs = 1000;
/** How often a line is added where output is not a terminal, in milliseconds. */
const lineMs = 15_000;

function seconds(ms) {
  const whole = Math.round(ms / 1000);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Makes the function that runs a step under a progress line.
 *
 * @param quiet no line at all
 * @param out where lines go; default: standard error
 */
function progress({ quiet = false, out = process.stderr } = {}) {
  return async function step(what, work) {
    const start = Date.now();
    let shown = 0;
    const show = () => {
      const elapsed = Date.now() - start;
      if (elapsed < silentMs) return;
      if (out.isTTY) out.write(`\r${what} … ${seconds(elapsed)}\x1b[K`);
      else if (shown === 0 || elapsed - shown >= lineMs) {
        out.write(shown === 0 ? `${what} …\n` : `${what} … ${seconds(elapsed)}\n`);
      } else return;
      shown = elapsed;
    };
    const timer = quiet ? undefined : setInterval(show, silentMs);
    const finish = (word) => {
      clearInterval(timer);
      if (shown) {
        out.write(`${out.isTTY ? "\r" : ""}${what}: ${word}, ${seconds(Date.now() - start)}`);
        out.write(out.isTTY ? "\x1b[K\n" : "\n");
      }
    };
    try {
      const result = await work();
      finish("done");
      return result;
    } catch (error) {
      finish("failed");
      throw error;
    }
  };
}

module.exports = { progress, seconds };
