// Provider plugins in a folder that Pulumi.yaml names, under the real engine: by RunPlugin of the language
// host where the folder has a PulumiPlugin.yaml alone, directly where it has an executable.
import * as fs from "node:fs";
import * as path from "node:path";
import { openWorkshop, processesOf, type Program, type Workshop } from "./program";

let workshop: Workshop;

beforeAll(async () => {
  workshop = await openWorkshop();
}, 120_000);

afterAll(() => workshop.remove());

jest.setTimeout(90_000);

/** A provider whose only resource tells how its process was started. */
const plugin = `
  const pulumi = require("@pulumi/pulumi");
  console.error("plugin: output");
  const provider = {
    version: "1.0.0",
    async check(urn, olds, news) { return { inputs: news }; },
    async create() {
      if (process.env.TINY === "hangs") {
        require("fs").writeFileSync(__dirname + "/running", "");
        await new Promise((resolve) => setTimeout(resolve, 120_000));
      }
      if (process.env.TINY === "dies") process.exit(7);
      return { id: "it", outs: {
        args: process.argv.slice(2),
        flags: process.execArgv,
        folder: process.cwd(),
        input: require("fs").readFileSync(0, "utf8"),
        typescript: process.env.PULUMI_NODEJS_TYPESCRIPT ?? "",
        own: process.env.TINY ?? "",
      } };
    },
    async diff() { return {}; },
    async delete() {},
  };
  pulumi.provider.main(provider, process.argv.slice(2));
`;

const program = `
  const pulumi = require("@pulumi/pulumi");
  class Thing extends pulumi.CustomResource {
    constructor() {
      super("tiny:index:Thing", "thing", { args: undefined, flags: undefined, folder: undefined,
        input: undefined, typescript: undefined, own: undefined });
    }
  }
  const thing = new Thing();
  for (const key of ["args", "flags", "folder", "input", "typescript", "own"]) exports[key] = thing[key];
`;

async function withPlugin(
  files: Record<string, string>,
): Promise<{ program: Program; folder: string }> {
  const made = await workshop.program({ "index.js": program });
  const folder = path.join(made.directory, "tiny");
  fs.mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  const project = path.join(made.directory, "Pulumi.yaml");
  const settings = JSON.parse(fs.readFileSync(project, "utf8")) as Record<string, unknown>;
  settings["plugins"] = { providers: [{ name: "tiny", path: "./tiny" }] };
  fs.writeFileSync(project, JSON.stringify(settings));
  return { program: made, folder };
}

const manifest = JSON.stringify({ name: "tiny", version: "1.0.0", main: "index.js" });

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}

test("a folder with PulumiPlugin.yaml: started as the official host does, ended with the engine", async () => {
  const { program, folder } = await withPlugin({
    "PulumiPlugin.yaml":
      "runtime: { name: nodejs, options: { typescript: false, nodeargs: --a=1 } }",
    "package.json": manifest,
    "index.js": plugin,
  });
  const up = await program.pulumi("up", "--yes", "--skip-preview");
  expect(up.output).not.toContain("plugin: output");
  expect(up.code).toBe(0);
  const { output } = await program.pulumi("stack", "output", "--json");
  const { args, ...rest } = JSON.parse(output) as { args: string[]; [key: string]: unknown };
  expect(args).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
  expect(rest).toEqual({
    flags: [], // the SDK's entry point has eaten --a=1
    folder: program.directory,
    input: "",
    typescript: "",
    own: "",
  });
  expect(folder).toBe(path.join(program.directory, "tiny"));
  expect(processesOf(workshop.path)).toEqual([]);
});

test("a folder with an executable: the engine starts that itself", async () => {
  const { program } = await withPlugin({
    // Not for the language host.
    "PulumiPlugin.yaml": "runtime: nothing-of-the-kind",
    "index.js": plugin,
  });
  const executable = path.join(program.directory, "tiny/pulumi-resource-tiny");
  fs.writeFileSync(
    executable,
    '#!/bin/sh\nTINY=executable exec node "$' + '{0%/*}/index.js" "$@" < /dev/null\n',
    { mode: 0o755 },
  );
  const up = await program.pulumi("up", "--yes", "--skip-preview");
  expect(up.code).toBe(0);
  expect((await program.pulumi("stack", "output", "own")).output.trim()).toBe("executable");
  expect(processesOf(workshop.path)).toEqual([]);
});

describe("a plugin that cannot go on is an error that says so", () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      "it ends before it listens",
      {
        "PulumiPlugin.yaml": "runtime: nodejs",
        "package.json": manifest,
        "index.js": "process.exit(7)",
      },
      /Program exited with non-zero exit code: 7/,
    ],
    [
      "an option of the wrong type",
      {
        "PulumiPlugin.yaml": "runtime: { name: nodejs, options: { typescript: perhaps } }",
        "package.json": manifest,
        "index.js": plugin,
      },
      /runtime\.options\.typescript in PulumiPlugin\.yaml is "perhaps": it must be true or false/,
    ],
  ];

  test.each(cases)("%s", async (_what, files, expected) => {
    const { program } = await withPlugin(files);
    const { code, output } = await program.pulumi("preview");
    expect(output).toMatch(expected);
    expect(code).not.toBe(0);
    expect(processesOf(workshop.path)).toEqual([]);
  });
});

test.each<[string, NodeJS.Signals[]]>([
  ["Ctrl-C, twice", ["SIGINT", "SIGINT"]],
  ["a kill of the engine", ["SIGKILL"]],
])("no plugin remains after %s", async (_what, signals) => {
  const { program, folder } = await withPlugin({
    "PulumiPlugin.yaml": "runtime: nodejs",
    "package.json": manifest,
    "index.js": `process.env.TINY = "hangs";${plugin}`,
  });
  const { child, outcome } = program.start("up", "--yes", "--skip-preview");
  try {
    await until(() => fs.existsSync(path.join(folder, "running")), "the plugin makes the resource");
  } finally {
    for (const signal of signals) {
      child.kill(signal);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  expect((await outcome).code).not.toBe(0);
  await until(() => processesOf(workshop.path).length === 0, "every process is gone");
});
