/**
 * The SDK that Pulumi generates for goauthentik/authentik takes the place of sdks/authentik without a
 * change to the program. It is generated here by Pulumi's own generator, from the part of the provider's
 * schema that sdks/authentik covers; the whole provider can't be downloaded everywhere.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { pulumi } from "../../commands/cli";
import {
  compileSdk,
  generateSdk,
  generator,
  linkPackages,
} from "../toolchain/generatedSdk/generate";
import { run } from "../support/sdkGenerator/build";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(600_000);

const { test } = needsControl("it is written for the sandbox's names");

const root = resolve(__dirname, "../..");
const NOT_COPIED = new Set([
  ".git",
  ".cache",
  ".immich-tunnel",
  "node_modules",
  "screenshots",
  "sdks",
]);
const possible = generator() !== undefined;
const why = possible ? "" : " (skipped: neither Pulumi's own language host nor Go is here)";
const testIfPossible = possible ? test : test.skip;

let scratch: string;
let copy: string;

beforeAll(() => {
  if (!possible) return;
  scratch = mkdtempSync(join(tmpdir(), "immich-sso-generated-"));
  copy = join(scratch, "project");
  for (const name of readdirSync(root))
    if (!NOT_COPIED.has(name)) cpSync(join(root, name), join(copy, name), { recursive: true });
  const sdk = join(copy, "sdks/authentik");
  linkPackages(join(copy, "node_modules"), packages(), sdk);
  generateSdk(sdk, scratch);
  compileSdk(sdk);
});
afterAll(() => {
  if (scratch) rmSync(scratch, { recursive: true, force: true });
});

/** The names of what is in node_modules. */
function packages(): string[] {
  const modules = join(root, "node_modules");
  return readdirSync(modules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(modules, name)).map((one) => `${name}/${one}`)
        : [name],
    );
}

testIfPossible(`the project type-checks with the generated SDK${why}`, () => {
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], copy);
});

describe("a stack deployed with sdks/authentik", () => {
  let lab: Lab | undefined;
  beforeAll(async () => {
    if (possible) lab = await startLab();
  });
  afterAll(() => lab?.stop());

  testIfPossible(`goes on unchanged with the generated SDK${why}`, async () => {
    if (!lab) throw new Error("no sandbox");
    const { environment, folder } = lab.project;
    expect(await lab.up()).toEqual({ created: 17 });
    cpSync(join(folder, "Pulumi.sandbox.yaml"), join(copy, "Pulumi.sandbox.yaml"));
    const cli = async (...args: string[]): Promise<string> => {
      const run = await pulumi([...args, "--stack", "sandbox"], { environment, folder: copy });
      if (run.code !== 0) throw new Error(`${args[0]}:\n${run.stdout}\n${run.stderr}`);
      return run.stdout;
    };
    const preview = await cli("preview", "--refresh", "--expect-no-changes", "--diff");
    expect(preview).toContain("17 unchanged");
    await cli("config", "set", "applicationName", "Photos");
    expect(await cli("up", "--yes", "--skip-preview")).toMatch(/1 updated/);
  });
});
