// The schema of the provider: what the CLI is told, what SDKs are made of it, and that ours for Node is the same.
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { pulumi } from "../../commands/cli";
import { provider } from "../../provider/provider";
import { schema } from "../../provider/schema";
import { buildGenerator, run } from "../support/sdkGenerator/build";

jest.setTimeout(600_000);

const root = resolve(__dirname, "../..");
const told = schema("1.2.3") as unknown as {
  resources: Record<
    string,
    { description: string; inputProperties: Record<string, { description: string }> }
  >;
};
let scratch: string;
let generate: (language: string) => string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "immich-schema-"));
  writeFileSync(join(scratch, "schema.json"), JSON.stringify(told));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("the CLI gets it from the folder", async () => {
  const folder = join(root, "provider");
  const { code, stdout, stderr } = await pulumi(["package", "get-schema", folder]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(JSON.parse(stdout)).toMatchObject({
    name: "immich",
    resources: { "immich:index:Settings": {} },
  });
});

test("it has every resource, and every property is described", () => {
  expect(Object.keys(told.resources).sort()).toEqual(Object.keys(provider.resources).sort());
  for (const { description, inputProperties } of Object.values(told.resources)) {
    expect(description).toMatch(/\.$/);
    for (const property of Object.values(inputProperties))
      expect(property.description).toMatch(/[.`]$/);
  }
});

const go = spawnSync("go", ["version"]).status === 0;
const withGo = go ? describe : describe.skip;

withGo("SDKs", () => {
  beforeAll(() => {
    const generator = buildGenerator(scratch);
    generate = (language) => {
      const folder = join(scratch, language);
      run(generator, [join(scratch, "schema.json"), folder, language], scratch);
      return folder;
    };
  });

  test("for Python, as an example program uses it", () => {
    const folder = generate("python");
    expect(readdirSync(join(folder, "pulumi_immich"))).toContain("settings.py");
    const text = readFileSync(join(folder, "pulumi_immich/settings.py"), "utf8");
    expect(text).toContain("settings_changed_at");
    // Every file is Python.
    run("python3", ["-m", "compileall", "-q", join(folder, "pulumi_immich")], scratch);
  });

  test("for Go", () => {
    const folder = generate("go");
    const text = readFileSync(join(folder, "immich/settings.go"), "utf8");
    expect(text).toContain("SettingsChangedAt pulumi.StringOutput");
  });

  test("for Node: our own takes the same arguments and has the same outputs", () => {
    const folder = generate("nodejs");
    mkdirSync(join(scratch, "node_modules"), { recursive: true });
    for (const name of ["@pulumi", "@types", "@grpc", "google-protobuf"])
      symlinkSync(join(root, "node_modules", name), join(scratch, "node_modules", name));
    const classes = ["Provider", "Settings", "SettingsSnapshot", "LoginCheck"];
    const lines = classes.flatMap((name) => [
      `export const to${name} = (args: own.${name}Args): made.${name}Args => args;`,
      `export const all${name}: [Exclude<keyof made.${name}Args, keyof own.${name}Args>] extends [never] ? true : false = true;`,
    ]);
    const outputs = ["Settings", "SettingsSnapshot", "LoginCheck", "PostgresTunnel"].map(
      (name) =>
        `export const outputs${name} = (it: made.${name}): Omit<own.${name}, keyof pulumi.CustomResource> => it;`,
    );
    const code = [
      `import type * as pulumi from "@pulumi/pulumi";`,
      `import type * as own from ${JSON.stringify(join(root, "provider/sdk"))};`,
      `import type * as made from ${JSON.stringify(folder)};`,
      ...lines,
      ...outputs,
    ];
    writeFileSync(join(scratch, "same.ts"), code.join("\n"));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options = "--noEmit --strict --skipLibCheck --target es2022 --module commonjs".split(" ");
    const types = ["--moduleResolution", "node", "--types", "node", "--esModuleInterop"];
    run(process.execPath, [tsc, ...options, ...types, "same.ts"], scratch);
  });
});
