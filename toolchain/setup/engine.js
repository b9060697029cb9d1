// The engine, built from its Go module where the official CLI cannot be downloaded.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { run, tail } = require("./command.js");

const module_ = "github.com/pulumi/pulumi/pkg/v3";

/** The version that toolchain/engine/go.mod pins, with the checksums of go.sum. */
function pinnedVersion(root) {
  const text = fs.readFileSync(path.join(root, "toolchain/engine/go.mod"), "utf8");
  return text.match(new RegExp(`${module_.replaceAll(".", "\\.")} v(\\S+)`))?.[1];
}

/** Why the engine cannot be built here, with the way out; undefined when it can. */
async function whyNot(root, version, downloadFailure) {
  const wayOut = (second) =>
    `The Pulumi CLI ${version} is not here and could not be downloaded: ${downloadFailure}.\n` +
    "Two ways out:\n" +
    "  1. let this machine reach that host, then run this again with `node toolchain/setup.js --retry`;\n" +
    `  2. ${second}`;
  if (process.platform === "win32") {
    return wayOut("run this under WSL: the stand-ins for the CLI's parts do not run on Windows.");
  }
  if (pinnedVersion(root) !== version) {
    return wayOut(
      `unset PULUMI_VERSION: only version ${pinnedVersion(root)} can be built from its source here.`,
    );
  }
  if ((await run("go", ["version"])).code !== 0) {
    return wayOut(
      "install Go 1.21 or newer (go.dev/dl, or your system's package manager): the engine is then " +
        "built from its source, which takes some minutes.",
    );
  }
  return undefined;
}

/**
 * Builds the engine into `target`; its folder must exist. The file appears only when it is whole and has
 * answered with its version.
 */
async function buildEngine(root, version, target) {
  const built = `${target}.building.${process.pid}`;
  const discard = () => fs.rmSync(built, { force: true });
  process.once("exit", discard);
  const ldflags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  const args = ["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", ldflags];
  try {
    const { code, output } = await run("go", [...args, "-o", built, `${module_}/cmd/pulumi`], {
      cwd: path.join(root, "toolchain/engine"),
      env: { CGO_ENABLED: "0", GOWORK: "off" },
    });
    if (code !== 0) {
      throw new Error(
        `building the Pulumi engine ${version} with Go failed:\n${tail(output)}\n` +
          "Mend what Go names (its module proxy can't be reached, a full disk) and run this again.",
      );
    }
    const answer = await run(built, ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
    if (answer.output.trim() !== `v${version}`) {
      throw new Error(`the engine that was built says "${answer.output.trim()}", not v${version}`);
    }
    fs.renameSync(built, target);
  } finally {
    process.removeListener("exit", discard);
    discard();
  }
}

module.exports = { pinnedVersion, whyNot, buildEngine };
