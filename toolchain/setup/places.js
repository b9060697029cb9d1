// Where things lie: Pulumi's folders, this repository's folders, and the parts that are installed.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const repository = path.resolve(__dirname, "..", "..");

/**
 * The provider plugins that this project's program needs: the folder under toolchain/providers with the
 * stand-in, and the package whose package.json names the plugin and its version.
 */
const providers = [
  { folder: "command", sdk: "node_modules/@pulumi/command" },
  { folder: "postgresql", sdk: "node_modules/@pulumi/postgresql" },
  { folder: "random", sdk: "node_modules/@pulumi/random" },
  { folder: "authentik", sdk: "sdks/authentik" },
];

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** $PULUMI_HOME, as Pulumi itself understands it. */
function pulumiHome() {
  return process.env.PULUMI_HOME || path.join(os.homedir(), ".pulumi");
}

/** The version of the CLI that `npx pulumi` runs. */
function cliVersion(root = repository) {
  const version =
    process.env.PULUMI_VERSION ||
    readJson(path.join(root, "node_modules/pulumi/package.json"))?.version;
  if (!version) throw new Error("the npm package `pulumi` is not installed: run `npm ci` first");
  return version.replace(/^v/, "");
}

/** Everything under $PULUMI_HOME that setup looks at or writes. */
function cliPlaces(home, version) {
  const root = path.join(home, "versions", version);
  const bin = path.join(root, "bin");
  return {
    home,
    version,
    root,
    bin,
    cli: path.join(bin, "pulumi"),
    languageHost: path.join(bin, "pulumi-language-nodejs"),
    dynamicLauncher: path.join(bin, "pulumi-resource-pulumi-nodejs"),
    marker: path.join(bin, "stand-ins.json"),
    lock: path.join(home, ".toolchain.lock"),
    memory: path.join(home, ".toolchain.json"),
    ahead: path.join(home, ".toolchain-ahead"),
  };
}

/** The provider plugins: name, version, where the engine looks for them, where the stand-in's source is. */
function pluginPlaces(home, root = repository) {
  return providers.flatMap(({ folder, sdk }) => {
    const manifest = readJson(path.join(root, sdk, "package.json"));
    if (!manifest) return [];
    const name = manifest.pulumi?.name ?? manifest.name.replace(/^@pulumi\//, "");
    const version = (manifest.pulumi?.version ?? manifest.version).replace(/^v/, "");
    const directory = path.join(home, "plugins", `resource-${name}-v${version}`);
    return {
      name,
      version,
      directory,
      executable: path.join(directory, `pulumi-resource-${name}`),
      marker: path.join(directory, "stand-in.json"),
      source: `toolchain/providers/${folder}/main.ts`,
    };
  });
}

/** Whether a file is there and can be executed. */
function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).size > 0;
  } catch {
    return false;
  }
}

/**
 * An executable of that name on $PATH that somebody else put there: neither in `ownBin`, nor beside a
 * marker of ours (another $PULUMI_HOME).
 */
function foreignOnPath(name, ownBin) {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    if (!folder || path.resolve(folder) === ownBin) continue;
    const file = path.join(folder, name);
    if (isExecutable(file) && !fs.existsSync(path.join(folder, "stand-ins.json"))) return file;
  }
  return undefined;
}

module.exports = {
  repository,
  readJson,
  pulumiHome,
  cliVersion,
  cliPlaces,
  pluginPlaces,
  isExecutable,
  foreignOnPath,
};
