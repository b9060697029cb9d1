// The official parts: downloaded the way Pulumi's own packages download them, with a bound on time.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { URL } = require("node:url");
const { run, tail } = require("./command.js");

/** How long a host may take to answer at all, in milliseconds. */
const answerMs = 5_000;
/** How long the download of the CLI may take, in milliseconds. */
const cliMs = 15 * 60_000;
/** How long the download of one plugin may take, in milliseconds. */
const pluginMs = 5 * 60_000;

async function fetchText(url) {
  const { AbortSignal, fetch } = globalThis;
  const { host } = new URL(url);
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(answerMs) });
    if (response.ok) return await response.text();
  } catch (error) {
    const late = error.name === "TimeoutError" && `no answer in ${answerMs / 1000} s`;
    const why = late || error.cause?.code || error.message;
    throw new Error(`${host} cannot be reached (${why})`, { cause: error });
  }
  throw new Error(`${host} answered with HTTP ${response.status}`);
}

/**
 * Puts the official CLI with its language hosts into `target`, by the installer that the npm package
 * `pulumi` uses. Throws when it cannot be had.
 */
async function downloadCli(root, version, target) {
  const { installCLI } = require(path.join(root, "node_modules/pulumi/lib/download.js"));
  const script = `${target}.sh`;
  let args = [];
  try {
    // The package runs the installer synchronously; kept aside and run here, it leaves progress alive.
    const execScript = (file, scriptArgs) => {
      fs.copyFileSync(file, script);
      args = scriptArgs;
    };
    await installCLI(version, target, { fetchText, execScript });
    const { code, output } = await run("/bin/sh", [script, ...args], { timeoutMs: cliMs });
    if (code !== 0) throw new Error(`Pulumi's installer failed:\n${tail(output, 4)}`);
  } finally {
    fs.rmSync(script, { force: true });
  }
}

/** Has the CLI install an official plugin into its cache. Throws when it cannot be had. */
async function downloadPlugin(cli, { name, version }) {
  const { code, output } = await run(cli, ["plugin", "install", "resource", name, `v${version}`], {
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: pluginMs,
  });
  if (code !== 0) throw new Error(`plugin ${name} v${version}:\n${tail(output, 4)}`);
}

module.exports = { downloadCli, downloadPlugin };
