// Setup on a $PULUMI_HOME of its own, with the slow parts (downloads, the build, the bundler) replaced.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ensure, remove, report, type Reach, type Report } from "../../toolchain/setup.js";
import { engineIn, type Folder, forbidDownloads, temporaryFolder, writeExecutable } from "./home";

let folder: Folder;
let home: string;
let calls: string[];
let online: boolean;
let onlyCli: boolean;
const savedPath = process.env.PATH;

/** A binary as Pulumi ships them: not a script. */
const compiled = "\x7fELF";

const reach: Reach = {
  downloadCli: async (_root, version, target) => {
    calls.push(`download CLI ${version}`);
    if (!online) throw new Error("downloads.example cannot be reached (ENOTFOUND)");
    for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]) {
      writeExecutable(path.join(target, "bin", name), compiled);
    }
  },
  downloadPlugin: async (_cli, { name, version }) => {
    calls.push(`download ${name}`);
    if (!online || onlyCli) throw new Error("plugins.example cannot be reached");
    const directory = path.join(home, "plugins", `resource-${name}-v${version}`);
    writeExecutable(path.join(directory, `pulumi-resource-${name}`), compiled);
  },
  whyNot: async () => undefined,
  buildEngine: async (_root, version, target) => {
    calls.push(`build ${version}`);
    writeExecutable(target, compiled);
  },
  bundleCliParts: async (_root, _home, { languageHost, dynamicLauncher }) => {
    calls.push("bundle language host");
    for (const file of [languageHost, dynamicLauncher]) {
      if (file) writeExecutable(file, "#!/usr/bin/env node\n");
    }
  },
  bundlePlugin: async (_root, _home, source, executable) => {
    calls.push(`bundle ${source.split("/").at(-2)}`);
    writeExecutable(executable, "#!/usr/bin/env node\n");
  },
};

const providerParts = ["command", "postgresql", "random", "terraform-provider"];
const providerSources = ["command", "postgresql", "random", "authentik"];

function setUp(options: Partial<Reach> = {}): Promise<Report> {
  calls = [];
  return ensure({ home, quiet: true, reach: { ...reach, ...options } });
}

function origins({ parts }: Report): Record<string, string> {
  return Object.fromEntries(parts.map(({ name, origin }) => [name, origin]));
}

/** Lets a day pass for what could not be downloaded. */
function aDayLater(): void {
  const file = path.join(home, ".toolchain.json");
  const text = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, text.replace(/"at": "20\d\d/g, '"at": "2000'));
}

beforeEach(() => {
  folder = temporaryFolder();
  home = folder.path;
  online = false;
  onlyCli = false;
});

afterEach(() => {
  process.env.PATH = savedPath;
  folder.remove();
});

const offline = {
  CLI: "built",
  "language host": "stand-in",
  "dynamic provider launcher": "stand-in",
  ...Object.fromEntries(providerParts.map((name) => [`provider ${name}`, "stand-in"])),
};
const official = Object.fromEntries(Object.keys(offline).map((name) => [name, "official"]));

test("without downloads the engine is built once and everything else is a stand-in", async () => {
  expect(origins(await setUp())).toEqual(offline);
  const { version } = engineIn(home);
  expect(calls).toEqual([
    `download CLI ${version}`,
    `build ${version}`,
    "bundle language host",
    ...providerSources.map((name) => `bundle ${name}`),
  ]);

  expect(origins(await setUp())).toEqual(offline);
  expect(calls).toEqual([]);
});

test("where downloads work nothing of ours is used", async () => {
  online = true;
  expect(origins(await setUp())).toEqual(official);
  expect(calls.filter((call) => !call.startsWith("download"))).toEqual([]);
  expect(fs.readdirSync(engineIn(home).bin)).not.toContain("stand-ins.json");
  await setUp();
  expect(calls).toEqual([]);
});

test("stand-ins give way when, a day later, the official parts can be had", async () => {
  await setUp();
  online = true;
  await setUp();
  expect(calls).toEqual([]);

  aDayLater();
  expect(origins(await setUp())).toEqual(official);
  expect(calls.filter((call) => !call.startsWith("download"))).toEqual([]);
  expect(fs.readdirSync(engineIn(home).bin)).not.toContain("stand-ins.json");
  for (const plugin of fs.readdirSync(path.join(home, "plugins"))) {
    expect(fs.readdirSync(path.join(home, "plugins", plugin))).not.toContain("stand-in.json");
  }
});

test("a day later and still offline, stand-ins stay as they are", async () => {
  await setUp();
  aDayLater();
  expect(origins(await setUp())).toEqual(offline);
  expect(calls).toEqual([`download CLI ${engineIn(home).version}`]);
});

test("an official CLI without official plugins: only the plugins are stand-ins", async () => {
  online = true;
  onlyCli = true;
  const standIns = providerParts.map((name) => [`provider ${name}`, "stand-in"]);
  const expected = { ...official, ...Object.fromEntries(standIns) };
  expect(origins(await setUp())).toEqual(expected);
  expect(origins(await setUp())).toEqual(expected);
  expect(calls).toEqual([]);
});

test("an official plugin that is there already is left alone", async () => {
  const { version } = report({ home }).parts.find(({ name }) => name === "provider random")!;
  const file = path.join(home, `plugins/resource-random-v${version}/pulumi-resource-random`);
  writeExecutable(file, compiled);
  expect(origins(await setUp())).toEqual({ ...offline, "provider random": "official" });
  await remove({ home });
  expect(fs.readFileSync(file, "utf8")).toBe(compiled);
});

test("a plugin or a language host on $PATH is preferred, and ours goes away", async () => {
  await setUp();
  const bin = path.join(home, "elsewhere");
  writeExecutable(path.join(bin, "pulumi-resource-random"), compiled);
  writeExecutable(path.join(bin, "pulumi-language-nodejs"), compiled);
  process.env.PATH = `${bin}${path.delimiter}${savedPath}`;
  const expected = { ...offline, "provider random": "path", "language host": "path" };
  expect(origins(await setUp())).toEqual(expected);
  expect(fs.readdirSync(engineIn(home).bin)).not.toContain("pulumi-language-nodejs");
  await setUp();
  expect(calls).toEqual([]);

  process.env.PATH = savedPath;
  expect(origins(await setUp())).toEqual(offline);
});

test("another $PULUMI_HOME's stand-ins on $PATH are not taken for somebody's", async () => {
  await setUp();
  const other = temporaryFolder();
  process.env.PATH = `${engineIn(home).bin}${path.delimiter}${savedPath}`;
  const found = await ensure({ home: other.path, quiet: true, reach }).finally(other.remove);
  expect(origins(found)["language host"]).toBe("stand-in");
});

test("a build that is interrupted leaves nothing that could be taken for the CLI", async () => {
  const buildEngine = async (): Promise<void> => {
    throw new Error("building was interrupted");
  };
  await expect(setUp({ buildEngine })).rejects.toThrow("building was interrupted");
  expect(origins(report({ home })).CLI).toBe("missing");
  expect(origins(await setUp())).toEqual(offline);
});

test("stand-ins that were half made are made again", async () => {
  const bundlePlugin: Reach["bundlePlugin"] = async (_root, _home, _source, executable) => {
    writeExecutable(executable, "#!half");
    throw new Error("the disk is full");
  };
  await expect(setUp({ bundlePlugin })).rejects.toThrow("the disk is full");
  expect(origins(report({ home }))["provider command"]).toBe("stand-in");
  await setUp();
  expect(calls).toEqual(providerSources.map((name) => `bundle ${name}`));
});

test("without downloads and without Go it says both ways out", async () => {
  process.env.PATH = path.dirname(process.execPath);
  const { downloadCli } = reach;
  const error: Error = await ensure({ home, quiet: true, reach: { downloadCli } }).catch(
    (reason) => reason,
  );
  expect(error.message).toContain("could not be downloaded: downloads.example cannot be reached");
  expect(error.message).toContain("setup.js --retry");
  expect(error.message).toContain("install Go");
});

test("removal takes away what is ours, down to the last file", async () => {
  await setUp();
  await remove({ home });
  const left = fs.readdirSync(home, { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
  expect(Object.values(origins(report({ home })))).toEqual(
    Object.keys(offline).map(() => "missing"),
  );
});

test("removal leaves an engine that somebody else put there", async () => {
  const { cli } = engineIn(home);
  writeExecutable(cli, compiled);
  expect(origins(await setUp())).toEqual(offline);
  expect(calls.filter((call) => call.startsWith("build"))).toEqual([]);
  await remove({ home });
  expect(fs.readdirSync(path.dirname(cli))).toEqual(["pulumi"]);
});

test("what an interrupted setup has left is taken away by the next", async () => {
  const { bin, version } = engineIn(home);
  const download = path.join(home, "versions", `.${version}.4711`);
  writeExecutable(path.join(bin, "pulumi.building.4711"), compiled);
  writeExecutable(path.join(download, "bin", "pulumi"), compiled);
  fs.writeFileSync(path.join(home, ".toolchain.lock"), "4194305");
  expect(origins(await setUp())).toEqual(offline);
  expect(fs.readdirSync(bin)).not.toContain("pulumi.building.4711");
  expect(fs.existsSync(download)).toBe(false);
  expect(fs.existsSync(path.join(home, ".toolchain.lock"))).toBe(false);
});

test("Ctrl-C during a build leaves no lock and no half-built engine", async () => {
  // A `go` that writes its result and then takes its time.
  const bin = path.join(home, "go-bin");
  const go =
    '#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = -o ] && touch "$2"; shift; done; exec sleep 60\n';
  writeExecutable(
    path.join(bin, "go"),
    go.replace("exec sleep", '[ "$1" = version ] || exec sleep'),
  );
  forbidDownloads(home);
  const setup = path.resolve(__dirname, "../../toolchain/setup.js");
  const env = { ...process.env, PULUMI_HOME: home, PATH: `${bin}${path.delimiter}${savedPath}` };
  const child = spawn(process.execPath, [setup], { env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
  const building = (): string[] =>
    fs.readdirSync(engineIn(home).bin).filter((n) => n !== "stand-ins.json");
  for (
    let tries = 0;
    tries < 200 && !(fs.existsSync(engineIn(home).bin) && building().length);
    tries += 1
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(building()).toEqual([expect.stringMatching(/^pulumi\.building\./)]);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(building()).toEqual([]);
  expect(fs.existsSync(path.join(home, ".toolchain.lock"))).toBe(false);
});

test("two setups at once do the work once", async () => {
  calls = [];
  const slow: Partial<Reach> = {
    buildEngine: async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return reach.buildEngine(...args);
    },
  };
  const options = { home, quiet: true, reach: { ...reach, ...slow } };
  const both = await Promise.all([ensure(options), ensure(options)]);
  expect(both.map(origins)).toEqual([offline, offline]);
  expect(calls.filter((call) => call.startsWith("build"))).toHaveLength(1);
});
