// The language host under the real engine: programs that work, and programs that fail in every way.
import * as fs from "node:fs";
import * as path from "node:path";
import { openWorkshop, processesOf, type Program, type Workshop } from "./program";

let workshop: Workshop;

beforeAll(async () => {
  workshop = await openWorkshop();
}, 120_000);

afterAll(() => workshop.remove());

jest.setTimeout(60_000);

const swc = JSON.stringify({
  compilerOptions: { module: "nodenext", moduleResolution: "nodenext", strict: true },
  "ts-node": { swc: true },
});

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}

test("a program with config, secrets, a dynamic resource and outputs", async () => {
  const program = await workshop.program({
    "tsconfig.json": swc,
    "index.ts": `
      import * as pulumi from "@pulumi/pulumi";
      class Echo implements pulumi.dynamic.ResourceProvider {
        async create(inputs: { text: string }) {
          return { id: "echo", outs: { text: inputs.text + "!", pid: process.pid } };
        }
      }
      class EchoResource extends pulumi.dynamic.Resource {
        declare readonly text: pulumi.Output<string>;
        constructor(name: string, text: pulumi.Input<string>) {
          super(new Echo(), name, { text, pid: undefined }, undefined, "test", "Echo");
        }
      }
      const config = new pulumi.Config();
      console.log("to standard output");
      console.error("to standard error");
      export const text = new EchoResource("echo", config.require("greeting")).text;
      export const secret = config.requireSecret("password");
      export const project = pulumi.getProject() + "/" + pulumi.getStack();
      export const directory = process.cwd();
    `,
  });
  await program.pulumi("config", "set", "greeting", "hello world");
  await program.pulumi("config", "set", "--secret", "password", "correct horse");

  const up = await program.pulumi("up", "--yes");
  expect(up.output).toContain("to standard output");
  expect(up.output).toContain("to standard error");
  expect(up.output).not.toMatch(/warning|correct horse/i);
  // In the preview's diagnostics, and not a second time in those of the update.
  expect(up.output.match(/^ {4}Stand-ins are used for .*README\.md\.$/gm)).toHaveLength(1);
  expect(up.code).toBe(0);

  const outputs = await program.pulumi("stack", "output", "--json", "--show-secrets");
  expect(JSON.parse(outputs.output)).toEqual({
    text: "hello world!",
    secret: "correct horse",
    project: `${path.basename(program.directory)}/test`,
    directory: program.directory,
  });
  expect(processesOf(workshop.path)).toEqual([]);
});

describe("a program that fails", () => {
  const nothing = /(?!)/;
  const cases: [string, Record<string, string>, RegExp, RegExp][] = [
    [
      "throws",
      { "index.js": 'throw new Error("thrown on purpose");' },
      /Error: thrown on purpose/,
      /non-zero exit code/,
    ],
    [
      "throws with a message for its user alone",
      {
        "index.js": `const { RunError } = require("@pulumi/pulumi");
          throw new RunError("the address is wrong");`,
      },
      /error: the address is wrong/,
      /non-zero exit code|at Object|index\.js:/,
    ],
    [
      "rejects a promise that nobody awaits",
      { "index.js": 'Promise.reject(new Error("rejected on purpose"));' },
      /Error: rejected on purpose/,
      /non-zero exit code/,
    ],
    [
      "ends itself",
      { "index.js": "process.exit(3);" },
      /Program exited with non-zero exit code: 3/,
      nothing,
    ],
    [
      "is killed",
      { "index.js": 'process.kill(process.pid, "SIGKILL");' },
      /Program was ended by signal SIGKILL/,
      nothing,
    ],
    [
      "has a type error, where types are checked",
      {
        "tsconfig.json": JSON.stringify({
          compilerOptions: { strict: true, skipLibCheck: true, types: [] },
        }),
        "index.ts": 'export const port: number = "eighty";',
      },
      /index\.ts.*TS2322|Type 'string' is not assignable to type 'number'/,
      /non-zero exit code/,
    ],
    [
      "has a syntax error",
      { "tsconfig.json": swc, "index.ts": "export const = 1;" },
      /Syntax Error|Expression expected|Expected/i,
      nothing,
    ],
    ["is not there", {}, /failed to locate the entry point|Cannot find module/, nothing],
  ];

  test.each(cases)("%s", async (_what, files, expected, unexpected) => {
    const program = await workshop.program(files);
    const { code, output } = await program.pulumi("preview");
    expect(output).toMatch(expected);
    expect(output).not.toMatch(unexpected);
    expect(code).not.toBe(0);
  });

  test("has no @pulumi/pulumi installed: what to do is said", async () => {
    const program = await workshop.program({ "index.js": "" });
    fs.unlinkSync(path.join(program.directory, "node_modules"));
    const { code, output } = await program.pulumi("preview");
    expect(output).toContain("@pulumi/pulumi is not installed in");
    expect(output).toContain("npm ci");
    expect(code).not.toBe(0);
  });
});

test("the line of an error is that of the source, with compiled code kept or not", async () => {
  const program = await workshop.program({
    "index.js": `${"// filler\n".repeat(40)}
      exports.where = new Error().stack.split("\\n")[1];`,
  });
  const wheres = [];
  for (let run = 0; run < 2; run += 1) {
    await program.pulumi("up", "--yes", "--skip-preview");
    wheres.push((await program.pulumi("stack", "output", "where")).output);
  }
  expect(wheres[0]).toContain("index.js:42:");
  expect(wheres[1]).toBe(wheres[0]);
});

test("the line of an error in TypeScript is that of the source", async () => {
  const program = await workshop.program({
    "tsconfig.json": swc,
    "index.ts": `interface Dropped {
        readonly by: "the compiler";
      }
      export const where = new Error("x").stack?.split("\\n")[1];`,
  });
  await program.pulumi("up", "--yes", "--skip-preview");
  expect((await program.pulumi("stack", "output", "where")).output).toContain("index.ts:4:");
});

test("plugins start ahead and together, and two of one kind stay two", async () => {
  const program = await workshop.program({
    "package.json": JSON.stringify({
      name: "ahead",
      dependencies: { "@pulumi/pulumi": "*", "@pulumi/random": "*" },
    }),
    "index.js": `
      const { Provider } = require("@pulumi/random/provider");
      const { RandomPassword } = require("@pulumi/random/randomPassword");
      for (const name of ["a", "b"]) {
        const provider = new Provider(name);
        exports[name] = new RandomPassword(name, { length: 20 }, { provider }).result;
      }
    `,
  });
  for (let run = 0; run < 2; run += 1) {
    const { code, output } = await program.pulumi("up", "--yes", "--skip-preview");
    expect(output).toMatch(/language host and 1 plugin, which cannot be downloaded here/);
    expect(code).toBe(0);
  }
  const { output } = await program.pulumi("stack", "output", "--json", "--show-secrets");
  const { a, b } = JSON.parse(output);
  expect([a.length, b.length, a === b]).toEqual([20, 20, false]);
  expect(processesOf(workshop.path)).toEqual([]);
  expect(fs.readdirSync(path.join(workshop.path, "home/.toolchain-ahead"))).toEqual([]);
});

test("runtime options reach Node, and a wrong one is refused by name", async () => {
  const code = { "index.js": "exports.value = process.execArgv.at(-1);" };
  const good = await workshop.program(code, { nodeargs: "--no-deprecation '--title=two words'" });
  await good.pulumi("up", "--yes", "--skip-preview");
  expect((await good.pulumi("stack", "output", "value")).output.trim()).toBe("--title=two words");

  const bad = await workshop.program(code, { typescript: "perhaps" });
  expect((await bad.pulumi("preview")).output).toContain(
    'runtime.options.typescript in Pulumi.yaml is "perhaps": it must be true or false',
  );
});

test("`pulumi about` names Node and the program's packages", async () => {
  const program = await workshop.program({ "index.js": "" });
  const { output } = await program.pulumi("about");
  expect(output).toContain(process.version);
  expect(output).toMatch(/@pulumi\/pulumi +3\./);
});

describe("no process remains", () => {
  const hanging = {
    "index.js": `require("fs").writeFileSync("running", ""); setTimeout(() => {}, 120_000);`,
  };

  function running({ directory }: Program): () => boolean {
    return () => fs.existsSync(path.join(directory, "running"));
  }

  test.each<[string, NodeJS.Signals[]]>([
    ["Ctrl-C, once", ["SIGINT"]],
    ["Ctrl-C, twice", ["SIGINT", "SIGINT"]],
    ["a kill of the engine", ["SIGKILL"]],
  ])("after %s", async (_what, signals) => {
    const program = await workshop.program(hanging);
    const { child, outcome } = program.start("up", "--yes", "--skip-preview");
    await until(running(program), "the program runs");
    for (const signal of signals) {
      child.kill(signal);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const { code } = await outcome;
    expect(code).not.toBe(0);
    await until(() => processesOf(workshop.path).length === 0, "every process is gone");
  });
});
