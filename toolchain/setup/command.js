// Runs a command and keeps what it prints.
"use strict";

const { spawn } = require("node:child_process");
const { setTimeout, clearTimeout } = require("node:timers");

/** How much of a command's output is kept for an error message, in characters. */
const kept = 20_000;

/**
 * Runs a command to its end.
 *
 * @param options.timeoutMs ends it with SIGKILL after that time; default: never
 * @returns its exit code (null when it was killed or could not be started) and the end of its output
 */
function run(file, args, { cwd, env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (text) => {
      output = (output + text).slice(-kept);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = timeoutMs && setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const stop = () => child.kill("SIGTERM");
    process.once("exit", stop);
    const done = (code) => {
      clearTimeout(timer);
      process.removeListener("exit", stop);
      resolve({ code, output });
    };
    child.once("error", (error) => {
      output += error.message;
      done(null);
    });
    child.once("close", done);
  });
}

/** The last lines of an output, indented, for an error message. */
function tail(output, lines = 12) {
  const all = output.trimEnd().split("\n");
  return all
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join("\n");
}

module.exports = { run, tail };
